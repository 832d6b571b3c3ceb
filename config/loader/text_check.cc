#include "config/loader/text_check.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace mantlet::config {
namespace {

// Returns the length of the well-formed sequence at the start of `text`; 0 if there is none.
size_t Utf8SequenceLength(absl::string_view text) {
  const auto byte = [&](size_t i) -> uint32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const uint32_t first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length == 0 || first > 0xf4) return 0;
  uint32_t code = first & (0xffu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3f);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return overlong || surrogate || code > 0x10ffff ? 0 : length;
}

Location LocationOf(absl::string_view text, size_t offset, const std::string& filename) {
  const absl::string_view before = text.substr(0, offset);
  const size_t newline = before.rfind('\n');
  const size_t line_start = newline == absl::string_view::npos ? 0 : newline + 1;
  return Location{filename, static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
                  static_cast<int>(offset - line_start) + 1};
}

// Returns the offset of the first tab in the indentation of a line that is not blank.
std::optional<size_t> FirstTabInIndentation(absl::string_view text) {
  size_t line_start = 0;
  while (line_start < text.size()) {
    const size_t end = std::min(text.find('\n', line_start), text.size());
    const absl::string_view line = text.substr(line_start, end - line_start);
    const size_t content = line.find_first_not_of(" \t\r");
    const size_t tab = line.find('\t');
    if (content != absl::string_view::npos && line[content] != '#' && tab < content) {
      return line_start + tab;
    }
    line_start = end + 1;
  }
  return std::nullopt;
}

}  // namespace

std::optional<size_t> FirstInvalidUtf8(absl::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = Utf8SequenceLength(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::nullopt;
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::optional<Diagnostic> CheckText(absl::string_view text, const std::string& filename) {
  if (const auto at = FirstInvalidUtf8(text)) {
    return Diagnostic{
        LocationOf(text, *at, filename), Severity::kError,
        absl::StrFormat("the byte 0x%02x is not UTF-8", static_cast<unsigned char>(text[*at])),
        "save the file as UTF-8"};
  }
  const auto control = std::find_if(text.begin(), text.end(), [](char c) {
    return IsControl(c) && c != '\n' && c != '\r' && c != '\t';
  });
  if (control != text.end()) {
    const size_t at = static_cast<size_t>(control - text.begin());
    return Diagnostic{LocationOf(text, at, filename), Severity::kError,
                      absl::StrFormat("the file contains the control character 0x%02x",
                                      static_cast<unsigned char>(*control)),
                      "remove it"};
  }
  if (const auto at = FirstTabInIndentation(text)) {
    return Diagnostic{LocationOf(text, *at, filename), Severity::kError,
                      "the indentation contains a tab", "indent with spaces, as YAML requires"};
  }
  return std::nullopt;
}

}  // namespace mantlet::config
