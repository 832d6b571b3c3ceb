#include "proxy/cli/roff.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace mantlet::cli {
namespace {

constexpr size_t kLineBytes = 78;

// Returns the escape for a character beyond ASCII, so that the page needs no encoding.
absl::string_view Escape(absl::string_view character) {
  if (character == "…") return "...";
  if (character == "≤") return "\\(<=";
  return "?";
}

}  // namespace

std::string RoffText(absl::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c & 0x80) != 0) {
      size_t end = i + 1;
      while (end < text.size() && (text[end] & 0xc0) == 0x80) ++end;
      absl::StrAppend(&out, Escape(text.substr(i, end - i)));
      i = end - 1;
    } else if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '\'') {
      out += "\\(aq";
    } else if (c == '~') {
      out += "\\(ti";
    } else if (c == '^') {
      out += "\\(ha";
    } else if (c == '`') {
      out += "\\(ga";
    } else {
      out += c;
    }
  }
  return out;
}

std::string RoffProse(absl::string_view text) {
  std::string marked;
  bool bold = false;
  for (absl::string_view part : absl::StrSplit(text, '`')) {
    // A word within backticks is one word of the page, so that no line break splits it.
    absl::StrAppend(&marked, bold ? "\\fB" : "", RoffText(part), bold ? "\\fR" : "");
    bold = !bold;
  }
  std::string out;
  size_t length = 0;
  for (absl::string_view word : absl::StrSplit(marked, ' ', absl::SkipEmpty())) {
    const bool fits = length > 0 && length + 1 + word.size() <= kLineBytes;
    if (length > 0) out += fits ? ' ' : '\n';
    if (!fits) length = 0;
    // At the begin of a line, a dot would begin a request.
    const absl::string_view guard = length == 0 && word.front() == '.' ? "\\&" : "";
    absl::StrAppend(&out, guard, word);
    length += word.size() + 1;
  }
  return out + "\n";
}

}  // namespace mantlet::cli
