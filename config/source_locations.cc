#include "config/source_locations.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace mantlet::config {

std::string Item(const std::string& list, size_t index) {
  return absl::StrCat(list, "[", index, "]");
}

Location SourceLocations::Locate(const std::string& path) const {
  std::string at = path;
  while (true) {
    const auto found = locations_.find(at);
    if (found != locations_.end()) return found->second;
    const size_t end = at.find_last_of(".[");
    if (end == std::string::npos) break;
    at.resize(end);
  }
  const auto root = locations_.find("");
  return root == locations_.end() ? Location{} : root->second;
}

bool SourceLocations::Rejected(const std::string& path) const {
  for (auto it = rejected_.lower_bound(path); it != rejected_.end(); ++it) {
    if (!absl::StartsWith(*it, path)) return false;
    const char next = it->size() == path.size() ? '.' : (*it)[path.size()];
    if (path.empty() || next == '.' || next == '[') return true;
  }
  return false;
}

}  // namespace mantlet::config
