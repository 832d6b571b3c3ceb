// Names that stand twice in one list.

#ifndef MANTLET_CONFIG_CHECKS_TWIN_NAMES_H_
#define MANTLET_CONFIG_CHECKS_TWIN_NAMES_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "config/checks/findings.h"

namespace mantlet::config {

// `list` is the path of the list, `what` what people call the things in it; `cure` ends
// with the line of the first of two.
template <typename T>
void RefuseTwinNames(const std::vector<T>& values, const std::string& list, const char* what,
                     Findings& findings, const char* cure = "rename this one or the one in line ") {
  std::map<std::string, std::string> seen;  // name to path
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i].name.empty()) continue;  // refused before
    const std::string path = Item(list, i) + ".name";
    const auto [twin, added] = seen.emplace(values[i].name, path);
    if (added) continue;
    findings.Error(path, absl::StrCat("two of the ", what, " are named '", values[i].name, "'"),
                   absl::StrCat(cure, findings.LineOf(twin->second)));
  }
}

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_CHECKS_TWIN_NAMES_H_
