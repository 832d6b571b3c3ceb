#include "proxy/x509/fault.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace mantlet::x509 {
namespace {

constexpr char kBeforeHint[] = "; ";
constexpr size_t kBeforeHintSize = 2;
constexpr std::string_view kFile = "FILE";

bool IsWordCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
}

// Returns whether a shell reads the path as one word; otherwise the text keeps "FILE".
bool IsPlain(std::string_view path) {
  for (char c : path) {
    if (!IsWordCharacter(c) && c != '/' && c != '.') return false;
  }
  return !path.empty() && path.front() != '-';
}

std::string WithPath(std::string_view text, std::string_view path) {
  if (!IsPlain(path)) return std::string(text);
  std::string with_path;
  while (true) {
    const size_t at = text.find(kFile);
    if (at == std::string_view::npos) break;
    const size_t end = at + kFile.size();
    const bool word = (at == 0 || !IsWordCharacter(text[at - 1])) &&
                      (end == text.size() || !IsWordCharacter(text[end]));
    absl::StrAppend(&with_path, std::string(text.substr(0, at)), std::string(word ? path : kFile));
    text.remove_prefix(end);
  }
  absl::StrAppend(&with_path, std::string(text));
  return with_path;
}

}  // namespace

std::string Fault::ToString() const {
  return absl::StrCat(what, hint.empty() ? "" : kBeforeHint, hint);
}

Fault FaultOf(const absl::Status& status, std::string_view path) {
  const std::string message(status.message());
  const size_t split = message.find(kBeforeHint);
  Fault fault;
  fault.what = message.substr(0, split);
  if (split != std::string::npos) {
    fault.hint = WithPath(message.substr(split + kBeforeHintSize), path);
  } else if (absl::IsDataLoss(status)) {
    fault.hint = "replace it by the complete file; if it is being written right now, wait";
  }
  return fault;
}

}  // namespace mantlet::x509
