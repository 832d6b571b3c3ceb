#include "proxy/x509/pem_stream.h"

#include <openssl/mem.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/pem_boundary.h"
#include "proxy/x509/wipe.h"

namespace mantlet::x509 {
namespace {

constexpr size_t kLongestLine = 200;  // lines are examined up to this length
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kProcType = "Proc-Type:";
constexpr std::string_view kDekInfo = "DEK-Info:";
constexpr uint8_t kNone = 0xff;
constexpr size_t kGroupBytes = 3;  // from four characters

constexpr std::array<uint8_t, 256> MakeSextets() {
  std::array<uint8_t, 256> sextets = {};
  for (uint8_t& sextet : sextets) sextet = kNone;
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    sextets[static_cast<uint8_t>(kAlphabet[i])] = static_cast<uint8_t>(i);
  }
  return sextets;
}
constexpr std::array<uint8_t, 256> kSextets = MakeSextets();

bool IsSpace(uint8_t c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Returns "LABEL" of "-----BEGIN LABEL-----", or an empty string if the line has another form.
std::string_view LabelIn(std::string_view line, std::string_view start) {
  while (!line.empty() && IsSpace(static_cast<uint8_t>(line.back()))) line.remove_suffix(1);
  if (!line.starts_with(start) || !line.ends_with(kPemDashes) ||
      line.size() < start.size() + kPemDashes.size()) {
    return "";
  }
  line.remove_prefix(start.size());
  line.remove_suffix(kPemDashes.size());
  return line.find("--") == std::string_view::npos ? line : "";
}

constexpr char kGetAgain[] = "; copy the file again from its source";

// Returns whether the last line, which has no line end, is the first part of a boundary.
bool IsHalfBoundary(std::string_view line) {
  constexpr std::string_view kCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -";
  return line.starts_with('-') && line.find_first_not_of(kCharacters) == std::string_view::npos &&
         (line.size() <= kPemDashes.size() || !line.ends_with(kPemDashes));
}

// Returns a hint for a line that looks like an invalid BEGIN line.
const char* HintForBegin(std::string_view line, bool has_begin) {
  if (line.starts_with(kPemEnd)) {
    return "it ends a block without a BEGIN line; copy the file again from its source";
  }
  const size_t begin = line.find(kPemBegin);
  if (begin != std::string_view::npos && begin != 0 && begin == line.find_first_not_of(" \t")) {
    return "remove the blanks before it: sed -i 's/^[[:blank:]]*//' FILE";
  }
  if (has_begin && begin != 0) return "it must start a line";
  return "it must have five dashes on either side, as in -----BEGIN CERTIFICATE-----";
}

}  // namespace

// The window must hold the lines that are examined as a whole.
PemStream::PemStream(ByteSource& source, size_t window)
    : source_(source), content_(*this), window_(std::max(window, 2 * kLongestLine)) {}

PemStream::~PemStream() {
  OPENSSL_cleanse(window_.data(), window_.size());
  Wipe(&spill_);
}

std::string PemStream::where() const {
  return absl::StrCat("block ", number_, " (", label_, ", line ", label_line_, ")");
}

absl::Status PemStream::Error(const std::string& what) const {
  return absl::InvalidArgumentError(absl::StrCat(where(), ": ", what));
}

absl::StatusOr<bool> PemStream::Fill() {
  if (next_ < filled_) return true;
  absl::StatusOr<size_t> got = source_.Read(absl::MakeSpan(window_));
  if (!got.ok()) return got.status();
  next_ = 0;
  filled_ = *got;
  return filled_ != 0;
}

absl::StatusOr<std::string_view> PemStream::PeekLine() {
  while (true) {
    const auto begin = window_.begin() + static_cast<long>(next_);
    const std::string_view rest = View(window_.data() + next_, filled_ - next_);
    const size_t end = rest.find('\n');
    if (end != std::string_view::npos || rest.size() >= kLongestLine) {
      return rest.substr(0, std::min(end, kLongestLine));
    }
    std::copy(begin, window_.begin() + static_cast<long>(filled_), window_.begin());
    filled_ -= next_;
    next_ = 0;
    absl::StatusOr<size_t> got = source_.Read(absl::MakeSpan(window_).subspan(filled_));
    if (!got.ok()) return got.status();
    if (*got == 0) return View(window_.data(), filled_);
    filled_ += *got;
  }
}

absl::Status PemStream::ReadHeaders() {
  encrypted_ = false;
  dek_info_.clear();
  while (true) {
    absl::StatusOr<std::string_view> line = PeekLine();
    if (!line.ok()) return line.status();
    if (line->starts_with(kPemDashes) || line->find(':') == std::string_view::npos) {
      return absl::OkStatus();
    }
    if (line->starts_with(kProcType) && line->find("ENCRYPTED") != std::string_view::npos) {
      encrypted_ = true;
    }
    if (line->starts_with(kDekInfo)) {
      dek_info_ = std::string(line->substr(kDekInfo.size()));
      absl::StripAsciiWhitespace(&dek_info_);
    }
    absl::StatusOr<std::string> taken = Line();
    if (!taken.ok()) return taken.status();
  }
}

absl::StatusOr<std::string> PemStream::Line(bool* has_begin) {
  std::string line, tail;
  while (true) {
    absl::StatusOr<bool> more = Fill();
    if (!more.ok()) return more.status();
    if (!*more) {
      no_line_end_ = true;
      return line;
    }
    const uint8_t c = window_[next_++];
    if (c == '\n') {
      ++line_;
      return line;
    }
    if (line.size() < kLongestLine) line += static_cast<char>(c);
    if (has_begin == nullptr) continue;
    tail += static_cast<char>(c);
    if (tail.size() > kPemBegin.size()) tail.erase(0, 1);
    *has_begin = *has_begin || tail == kPemBegin;
  }
}

absl::StatusOr<bool> PemStream::Next() {
  if (at_start_) {
    at_start_ = false;
    absl::StatusOr<std::string_view> line = PeekLine();
    if (!line.ok()) return line.status();
    if (line->starts_with(kByteOrderMark)) next_ += kByteOrderMark.size();
  }
  while (true) {
    absl::StatusOr<bool> more = Fill();
    if (!more.ok()) return more.status();
    if (!*more) return false;
    const int number = line_;
    bool has_begin = false;
    absl::StatusOr<std::string> line = Line(&has_begin);
    if (!line.ok()) return line.status();
    std::string_view label = LabelIn(*line, kPemBegin);
    if (!label.empty()) {
      label_ = std::string(label);
      label_line_ = number;
      ++number_;
      open_ = line_start_ = true;
      any_content_ = false;
      group_ = 0;
      characters_ = padding_ = 0;
      if (absl::Status status = ReadHeaders(); !status.ok()) return status;
      return true;
    }
    if (line->starts_with(kPemDashes) || has_begin) {
      const std::string what = absl::StrCat("line ", number, ": this is not a valid BEGIN line");
      if (no_line_end_ && IsHalfBoundary(*line)) {
        return absl::DataLossError(absl::StrCat(what, ": it is truncated"));
      }
      return absl::InvalidArgumentError(absl::StrCat(what, "; ", HintForBegin(*line, has_begin)));
    }
  }
}

absl::StatusOr<size_t> PemStream::Decode(absl::Span<uint8_t> buffer) {
  if (spill_.empty() && buffer.size() >= kGroupBytes) return DecodeSome(buffer);
  if (spill_.empty()) {
    uint8_t group[kGroupBytes];
    absl::StatusOr<size_t> got = DecodeSome(absl::MakeSpan(group));
    if (!got.ok()) return got.status();
    spill_.assign(reinterpret_cast<const char*>(group), *got);
  }
  const size_t size = std::min(buffer.size(), spill_.size());
  std::copy_n(spill_.begin(), size, buffer.begin());
  spill_.erase(0, size);
  return size;
}

absl::StatusOr<size_t> PemStream::DecodeSome(absl::Span<uint8_t> buffer) {
  size_t written = 0;
  while (open_ && buffer.size() - written >= kGroupBytes) {
    absl::StatusOr<bool> more = Fill();
    if (!more.ok()) return more.status();
    if (!*more) {
      return absl::DataLossError(absl::StrCat(where(), ": there is no END line: it is truncated"));
    }
    const size_t decoded = DecodeGroups(buffer.subspan(written));
    written += decoded;
    if (decoded != 0) continue;
    bool block_ends = false;
    if (absl::Status status = TakeCharacter(window_[next_++], &block_ends); !status.ok()) {
      return status;
    }
    if (block_ends) {
      if (absl::Status status = EndBlock(); !status.ok()) return status;
    } else if (characters_ == 4) {
      for (int i = 0; i < 3 - padding_; ++i) {
        buffer[written++] = static_cast<uint8_t>(group_ >> (16 - 8 * i));
      }
      group_ = 0;
      characters_ = 0;
    }
  }
  return written;
}

size_t PemStream::DecodeGroups(absl::Span<uint8_t> buffer) {
  if (characters_ != 0 || padding_ != 0) return 0;
  size_t written = 0;
  while (filled_ - next_ >= 4 && buffer.size() - written >= 3) {
    const uint8_t* at = window_.data() + next_;
    const uint32_t a = kSextets[at[0]], b = kSextets[at[1]], c = kSextets[at[2]],
                   d = kSextets[at[3]];
    if (((a | b | c | d) & 0x80) != 0) break;
    const uint32_t bits = a << 18 | b << 12 | c << 6 | d;
    buffer[written] = static_cast<uint8_t>(bits >> 16);
    buffer[written + 1] = static_cast<uint8_t>(bits >> 8);
    buffer[written + 2] = static_cast<uint8_t>(bits);
    written += 3;
    next_ += 4;
  }
  if (written != 0) {
    any_content_ = true;
    line_start_ = false;
  }
  return written;
}

absl::Status PemStream::TakeCharacter(uint8_t c, bool* block_ends) {
  if (c == '\n') ++line_;
  if (IsSpace(c)) {
    line_start_ = line_start_ || c == '\n';
    return absl::OkStatus();
  }
  if (c == '-' && line_start_) {
    --next_;
    *block_ends = true;
    return absl::OkStatus();
  }
  line_start_ = false;
  any_content_ = true;
  if (c == '=' && characters_ >= 2 && padding_ < 2) {
    ++padding_;
    ++characters_;
    group_ <<= 6;
    return absl::OkStatus();
  }
  if (c == '=' || (kSextets[c] != kNone && padding_ != 0)) {
    return Error(absl::StrCat("line ", line_, " is not base64: the padding ",
                              "(=) is in the wrong place", kGetAgain));
  }
  if (kSextets[c] == kNone) return Error(absl::StrCat("line ", line_, " is not base64", kGetAgain));
  group_ = group_ << 6 | kSextets[c];
  ++characters_;
  return absl::OkStatus();
}

absl::Status PemStream::EndBlock() {
  const int number = line_;
  absl::StatusOr<std::string> line = Line();
  if (!line.ok()) return line.status();
  std::string_view label = LabelIn(*line, kPemEnd);
  if (label.empty()) {
    const std::string what = absl::StrCat("line ", number, " is neither base64 nor the END line");
    if (no_line_end_ && IsHalfBoundary(*line)) {
      return absl::DataLossError(absl::StrCat(where(), ": ", what, ": it is truncated"));
    }
    return Error(absl::StrCat(what, kGetAgain));
  }
  if (label != label_) {
    return Error(absl::StrCat("line ", number, " ends a block of another kind, ",
                              std::string(label), kGetAgain));
  }
  if (!any_content_) return Error(absl::StrCat("it is empty", kGetAgain));
  if (characters_ != 0) {
    return Error(absl::StrCat("its base64 is damaged: characters are missing or added", kGetAgain));
  }
  open_ = false;
  return absl::OkStatus();
}

}  // namespace mantlet::x509
