#include "certs/finding.h"

#include "absl/strings/str_cat.h"

namespace mantlet::certs {

std::string Finding::ToString() const {
  return absl::StrCat(file, file.empty() ? "" : ": ", what, cure.empty() ? "" : "; ", cure);
}

bool HasError(const Findings& findings) {
  for (const Finding& finding : findings) {
    if (finding.severity == Severity::kError) return true;
  }
  return false;
}

std::string JoinErrors(const Findings& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    if (finding.severity != Severity::kError) continue;
    absl::StrAppend(&text, text.empty() ? "" : " | ", finding.ToString());
  }
  return text;
}

}  // namespace mantlet::certs
