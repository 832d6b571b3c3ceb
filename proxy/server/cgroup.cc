#include "proxy/server/cgroup.h"

namespace mantlet::server {

std::string_view UnifiedCgroup(std::string_view text) {
  while (!text.empty()) {
    size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.starts_with("0::")) return line.substr(3);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return {};
}

std::vector<std::string> CgroupFolders(const ReadFile& read) {
  const std::string root = "/sys/fs/cgroup";
  const std::string membership = read("/proc/self/cgroup");
  std::vector<std::string> folders = {root};
  std::string_view path = UnifiedCgroup(membership);
  while (path.size() > 1) {
    folders.push_back(root + std::string(path));
    path = path.substr(0, path.rfind('/'));
  }
  return folders;
}

}  // namespace mantlet::server
