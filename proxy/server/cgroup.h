// What workers, memory and threads need to know of this process's cgroup: its path, and the
// folders with the kernel's small files about it. Any thread.

#ifndef MANTLET_PROXY_SERVER_CGROUP_H_
#define MANTLET_PROXY_SERVER_CGROUP_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace mantlet::server {

// Returns the path of the line "0::/some/path" in /proc/self/cgroup; empty if there is none.
std::string_view UnifiedCgroup(std::string_view text);

// Reads the file of a path, as base::ReadKernelFile does.
using ReadFile = std::function<std::string(const std::string& path)>;

// Returns the folders of this process's group and of all groups around it, in which files such as
// memory.max may set a limit. In a container, the group is mounted as the root of the hierarchy.
std::vector<std::string> CgroupFolders(const ReadFile& read);

// The same for the hierarchy that cgroup v1 has for a controller, e.g. "cpu".
std::string_view LegacyCgroup(std::string_view text, std::string_view controller);
std::vector<std::string> LegacyCgroupFolders(const ReadFile& read, std::string_view controller);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_CGROUP_H_
