#include "proxy/server/cgroup.h"

#include <algorithm>

namespace mantlet::server {
namespace {

const char* const kRoot = "/sys/fs/cgroup";

// Returns the folders of the group `path` and of those around it, in the hierarchy at `root`.
std::vector<std::string> Folders(const std::string& root, std::string_view path) {
  std::vector<std::string> folders = {root};
  while (path.size() > 1) {
    folders.push_back(root + std::string(path));
    path = path.substr(0, path.rfind('/'));
  }
  return folders;
}

// Takes the text before the next `separator`, and the separator, from the front of `text`; all of
// it if there is none.
std::string_view TakeField(std::string_view& text, char separator) {
  const std::string_view field = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(field.size() + 1, text.size()));
  return field;
}

bool Contains(std::string_view list, std::string_view item) {
  while (!list.empty()) {
    if (TakeField(list, ',') == item) return true;
  }
  return false;
}

}  // namespace

std::string_view UnifiedCgroup(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = TakeField(text, '\n');
    if (line.starts_with("0::")) return line.substr(3);
  }
  return {};
}

// A line is "4:cpu,cpuacct:/path".
std::string_view LegacyCgroup(std::string_view text, std::string_view controller) {
  while (!text.empty()) {
    std::string_view line = TakeField(text, '\n');
    TakeField(line, ':');  // the number of the hierarchy
    if (Contains(TakeField(line, ':'), controller)) return line;
  }
  return {};
}

std::vector<std::string> CgroupFolders(const ReadFile& read) {
  return Folders(kRoot, UnifiedCgroup(read("/proc/self/cgroup")));
}

std::vector<std::string> LegacyCgroupFolders(const ReadFile& read, std::string_view controller) {
  const std::string membership = read("/proc/self/cgroup");
  return Folders(kRoot + ("/" + std::string(controller)), LegacyCgroup(membership, controller));
}

}  // namespace mantlet::server
