// AutomaticWorkerCount returns the number of event loops for `workers: auto`: the number of
// processors that this process may use by its affinity or the quota of its cgroups, whichever is
// smallest, rounded up.

#ifndef MANTLET_PROXY_SERVER_WORKER_COUNT_H_
#define MANTLET_PROXY_SERVER_WORKER_COUNT_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/server/cgroup.h"

namespace mantlet::server {

uint32_t AutomaticWorkerCount();

// Returns the number of processors without rounding, which a quota can make a fraction of one.
double AvailableProcessors();

// The same for files as `read` returns them.
uint32_t AutomaticWorkerCount(const ReadFile& read);
double AvailableProcessors(const ReadFile& read);

// Parses cpu.max of cgroup v2: "200000 100000" or "max 100000". Returns a number of processors.
std::optional<double> ParseCpuMax(std::string_view text);
// Parses cpu.cfs_quota_us and cpu.cfs_period_us of cgroup v1.
std::optional<double> ParseCfsQuota(std::string_view quota_us, std::string_view period_us);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_WORKER_COUNT_H_
