#include "proxy/tls/pem.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "proxy/tls/wipe.h"

namespace mantlet::tls {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";
constexpr std::string_view kDekInfo = "DEK-Info:";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string_view StripTrailingSpace(std::string_view line) {
  while (!line.empty() && absl::ascii_isspace(static_cast<unsigned char>(line.back()))) {
    line.remove_suffix(1);
  }
  return line;
}

// "LABEL" out of "-----BEGIN LABEL-----"; false if the line is not quite that.
bool Label(std::string_view line, std::string_view start, std::string_view* label) {
  if (!line.starts_with(start) || !line.ends_with(kDashes)) return false;
  if (line.size() < start.size() + kDashes.size()) return false;
  line.remove_prefix(start.size());
  line.remove_suffix(kDashes.size());
  *label = line;
  return !line.empty() && line.find("--") == std::string_view::npos;
}

// Padding only at the end, a multiple of four characters, nothing else.
bool DecodeBase64(std::string_view text, std::string* bytes) {
  if (text.empty() || text.size() % 4 != 0) return false;
  size_t data = text.find('=');
  if (data == std::string_view::npos) data = text.size();
  if (text.size() - data > 2) return false;
  if (text.substr(data).find_first_not_of('=') != std::string_view::npos) return false;
  return absl::Base64Unescape(std::string(text), bytes);
}

bool IsBase64Line(std::string_view line) {
  for (char c : line) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '+' && c != '/' && c != '=') {
      return false;
    }
  }
  return true;
}

// Goes through the lines; `open_` says whether it is inside a block.
class Parser {
 public:
  // It may have been a private key.
  ~Parser() { Wipe(&base64_); }

  absl::Status Line(std::string_view line, int number) {
    // A line that only just misses to be a boundary would hide a block.
    if (open_) return InsideLine(line, number);
    return OutsideLine(line, number);
  }

  absl::StatusOr<std::vector<PemBlock>> Finish() {
    if (open_) return Error("there is no END line; the file seems to be cut off");
    if (blocks_.empty()) return absl::InvalidArgumentError("there is no PEM block in it");
    return std::move(blocks_);
  }

 private:
  absl::Status OutsideLine(std::string_view line, int number) {
    std::string_view label;
    if (Label(line, kBegin, &label)) {
      open_ = true;
      Wipe(&base64_);
      block_ = PemBlock();
      block_.label = std::string(label);
      block_.number = static_cast<int>(blocks_.size()) + 1;
      block_.line = number;
      return absl::OkStatus();
    }
    if (line.starts_with(kDashes) || Contains(line, kBegin)) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, ": this is no proper BEGIN line"));
    }
    return absl::OkStatus();
  }

  absl::Status InsideLine(std::string_view line, int number) {
    std::string_view label;
    if (Label(line, kEnd, &label)) return Close(label, number);
    if (Contains(line, kDashes)) {
      return Error(absl::StrCat("line ", number, " is neither base64 nor its END line"));
    }
    // RFC 1421 headers: only at the start, ended by an empty line.
    if (base64_.empty() && Contains(line, ":")) {
      if (line.starts_with("Proc-Type:") && Contains(line, "ENCRYPTED")) {
        block_.encrypted = true;
      }
      if (line.starts_with(kDekInfo)) {
        block_.dek_info = std::string(line.substr(kDekInfo.size()));
        block_.dek_info.erase(0, block_.dek_info.find_first_not_of(' '));
      }
      return absl::OkStatus();
    }
    if (!IsBase64Line(line)) return Error(absl::StrCat("line ", number, " is not base64"));
    base64_ += line;
    return absl::OkStatus();
  }

  absl::Status Close(std::string_view label, int number) {
    if (label != block_.label) {
      return Error(
          absl::StrCat("line ", number, " ends a block of another kind, ", std::string(label)));
    }
    if (base64_.empty()) return Error("it is empty");
    if (!DecodeBase64(base64_, &block_.der)) {
      return Error("its base64 is damaged: characters are missing or too many");
    }
    open_ = false;
    blocks_.push_back(std::move(block_));
    return absl::OkStatus();
  }

  absl::Status Error(const std::string& what) const {
    return absl::InvalidArgumentError(absl::StrCat("block ", block_.number, " (", block_.label,
                                                   ", line ", block_.line, "): ", what));
  }

  bool open_ = false;
  PemBlock block_;
  std::string base64_;
  std::vector<PemBlock> blocks_;
};

}  // namespace

bool LooksLikePem(std::string_view text) { return Contains(text, kBegin); }

absl::StatusOr<std::vector<PemBlock>> ParsePem(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Parser parser;
  int number = 0;
  while (!text.empty()) {
    size_t end = text.find('\n');
    std::string_view line = StripTrailingSpace(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    absl::Status status = parser.Line(line, ++number);
    if (!status.ok()) return status;
  }
  return parser.Finish();
}

std::string ToPem(std::string_view label, std::string_view der) {
  constexpr size_t kLine = 64;
  const std::string base64 = absl::Base64Escape(std::string(der));
  std::string pem = absl::StrCat(std::string(kBegin), std::string(label), "-----\n");
  for (size_t i = 0; i < base64.size(); i += kLine) {
    absl::StrAppend(&pem, base64.substr(i, kLine), "\n");
  }
  absl::StrAppend(&pem, std::string(kEnd), std::string(label), "-----\n");
  return pem;
}

}  // namespace mantlet::tls
