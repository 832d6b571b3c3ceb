// SystemLimits are limits of the kernel and the cgroups that affect how much mantlet can serve,
// apart from memory (memory_limit.h), processors (worker_count.h) and descriptors
// (base/process_setup.h).
//
// Any thread. Read at the start, before the sandbox closes /proc and /sys.

#ifndef MANTLET_PROXY_SERVER_SYSTEM_LIMITS_H_
#define MANTLET_PROXY_SERVER_SYSTEM_LIMITS_H_

#include <cstdint>
#include <optional>

#include "proxy/base/kernel_file.h"
#include "proxy/base/log.h"
#include "proxy/server/cgroup.h"

namespace mantlet::server {

struct SystemLimits {
  // net.core.somaxconn: the most connections that wait in a listen queue.
  std::optional<uint64_t> listen_queue;
  // How many more threads and processes the cgroups permit (pids.max); nullopt: no limit.
  std::optional<uint64_t> threads_left;
};

SystemLimits ReadSystemLimits(const ReadFile& read = base::ReadKernelFile);

// Warns of limits that are too small for a process with so many workers.
void WarnSmallLimits(const SystemLimits& limits, uint32_t workers, base::Logger& logger);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_SYSTEM_LIMITS_H_
