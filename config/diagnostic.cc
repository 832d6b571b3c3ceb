#include "config/diagnostic.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace mantlet::config {

std::string ToString(const Location& where) {
  if (where.line == 0) return where.file;
  return absl::StrCat(where.file, ":", where.line, ":", where.column);
}

const char* ToString(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kNote:
      return "note";
  }
  return "";
}

std::string ToString(const Diagnostic& diagnostic) {
  return absl::StrCat(ToString(diagnostic.where), ": ",
                      diagnostic.severity == Severity::kWarning ? "warning: " : "", diagnostic.what,
                      diagnostic.hint.empty() ? "" : "; ", diagnostic.hint);
}

std::string Sentence(const Diagnostic& diagnostic) {
  const std::string where = ToString(diagnostic.where);
  return absl::StrCat(where, where.empty() ? "" : ": ", diagnostic.what,
                      diagnostic.hint.empty() ? "" : "; ", diagnostic.hint);
}

bool HasErrors(const Diagnostics& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::kError; });
}

std::string JoinErrors(const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity != Severity::kError) continue;
    absl::StrAppend(&text, text.empty() ? "" : " | ", Sentence(diagnostic));
  }
  return text;
}

}  // namespace mantlet::config
