#include "proxy/server/worker_count.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "proxy/server/cgroup.h"

namespace mantlet::server {
namespace {

std::optional<int64_t> ParseNumber(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<uint32_t> Quota(std::optional<int64_t> quota, std::optional<int64_t> period) {
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return static_cast<uint32_t>((*quota + *period - 1) / *period);
}

}  // namespace

std::optional<uint32_t> ParseCpuMax(std::string_view text) {
  size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  return Quota(ParseNumber(text.substr(0, space)), ParseNumber(text.substr(space + 1)));
}

std::optional<uint32_t> ParseCfsQuota(std::string_view quota_us, std::string_view period_us) {
  return Quota(ParseNumber(quota_us), ParseNumber(period_us));
}

uint32_t AutomaticWorkerCount() {
  uint32_t count = 1;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    count = static_cast<uint32_t>(std::max(1, CPU_COUNT(&set)));
  }
  // In a container, the cgroup is mounted as the root of the hierarchy. Outside, the quota is that
  // of the service's own group.
  const std::string membership = ReadKernelFile("/proc/self/cgroup");
  const std::string own(UnifiedCgroup(membership));
  for (const std::string& folder : {std::string("/sys/fs/cgroup"), "/sys/fs/cgroup" + own}) {
    if (auto quota = ParseCpuMax(ReadKernelFile(folder + "/cpu.max"))) {
      count = std::min(count, *quota);
    }
  }
  if (auto quota = ParseCfsQuota(ReadKernelFile("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
                                 ReadKernelFile("/sys/fs/cgroup/cpu/cpu.cfs_period_us"))) {
    count = std::min(count, *quota);
  }
  return std::max<uint32_t>(count, 1);
}

}  // namespace mantlet::server
