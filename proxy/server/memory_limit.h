// AutomaticMemoryLimit returns the limit for `limits.memory: auto`: three quarters of the memory
// that this process may use by its cgroups or that the machine has, whichever is smaller. The last
// quarter is for the kernel, whose socket buffers a cgroup counts as well, and for what the
// allocator rounds up.

#ifndef MANTLET_PROXY_SERVER_MEMORY_LIMIT_H_
#define MANTLET_PROXY_SERVER_MEMORY_LIMIT_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/server/cgroup.h"

namespace mantlet::server {

// Returns bytes; 0 if nothing is known.
uint64_t AutomaticMemoryLimit();

// The same for files as `read` returns them.
uint64_t AutomaticMemoryLimit(const ReadFile& read);

// Parses memory.max of cgroup v2 and memory.limit_in_bytes of cgroup v1; nullopt if there is no
// limit.
std::optional<uint64_t> ParseMemoryMax(std::string_view text);
// Parses MemTotal of /proc/meminfo, in bytes.
std::optional<uint64_t> ParseMemTotal(std::string_view text);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_MEMORY_LIMIT_H_
