#include "config/diagnostic.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace mantlet::config {

std::string ToString(const Location& where) {
  if (where.line == 0) return where.file;
  return absl::StrCat(where.file, ":", where.line, ":", where.column);
}

std::string ToString(const Diagnostic& diagnostic) {
  return absl::StrCat(ToString(diagnostic.where), ": ",
                      diagnostic.severity == Severity::kWarning ? "warning: " : "", diagnostic.what,
                      diagnostic.hint.empty() ? "" : "; ", diagnostic.hint);
}

bool HasErrors(const std::vector<Diagnostic>& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::kError; });
}

}  // namespace mantlet::config
