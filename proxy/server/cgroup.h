// What workers and memory need to know of this process's cgroup: its path, and the contents of the
// kernel's small files about it. Any thread.

#ifndef MANTLET_PROXY_SERVER_CGROUP_H_
#define MANTLET_PROXY_SERVER_CGROUP_H_

#include <string>
#include <string_view>

namespace mantlet::server {

// Returns the path of the line "0::/some/path" in /proc/self/cgroup; empty if there is none.
std::string_view UnifiedCgroup(std::string_view text);

// Returns the contents of a file of /proc or /sys; empty if there is no such file.
std::string ReadKernelFile(const std::string& path);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_CGROUP_H_
