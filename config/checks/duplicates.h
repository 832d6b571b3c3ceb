// Reports names that occur more than once in a list.

#ifndef MANTLET_CONFIG_CHECKS_DUPLICATES_H_
#define MANTLET_CONFIG_CHECKS_DUPLICATES_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "config/checks/findings.h"

namespace mantlet::config {

// RejectDuplicateNames adds an error for each value whose name an earlier value has. `list` is the
// path of the list, `what` the plural noun for its items; the line of the earlier one is appended
// to `hint`.
template <typename T>
void RejectDuplicateNames(const std::vector<T>& values, const std::string& list, const char* what,
                          Findings& findings,
                          const char* hint = "rename this one or the one in line ") {
  std::map<std::string, std::string> seen;  // name to path
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i].name.empty()) continue;  // already rejected
    const std::string path = Item(list, i) + ".name";
    const auto [duplicate, added] = seen.emplace(values[i].name, path);
    if (added) continue;
    findings.Error(path, absl::StrCat("two of the ", what, " are named '", values[i].name, "'"),
                   absl::StrCat(hint, findings.LineOf(duplicate->second)));
  }
}

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_CHECKS_DUPLICATES_H_
