// AutomaticWorkerCount returns how many event loops `workers: auto` stands for: the processors that
// this process may use, by affinity or by cgroup quota, whichever is fewer.

#ifndef MANTLET_PROXY_SERVER_WORKER_COUNT_H_
#define MANTLET_PROXY_SERVER_WORKER_COUNT_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace mantlet::server {

uint32_t AutomaticWorkerCount();

// Its pure parts. Quotas are rounded up: half a processor is one worker.
// cgroup v2, cpu.max: "200000 100000" or "max 100000".
std::optional<uint32_t> ParseCpuMax(std::string_view text);
// cgroup v1, cpu.cfs_quota_us and cpu.cfs_period_us.
std::optional<uint32_t> ParseCfsQuota(std::string_view quota_us, std::string_view period_us);
// "0::/some/path" of /proc/self/cgroup; empty if there is no such line.
std::string_view UnifiedCgroup(std::string_view text);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_WORKER_COUNT_H_
