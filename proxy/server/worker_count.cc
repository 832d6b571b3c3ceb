#include "proxy/server/worker_count.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <string>

namespace mantlet::server {
namespace {

std::string ReadSmallFile(const std::string& path) {
  std::ifstream in(path);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

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

uint32_t AutomaticWorkerCount() {
  uint32_t count = 1;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    count = static_cast<uint32_t>(std::max(1, CPU_COUNT(&set)));
  }
  // In a container, the cgroup is mounted as the root of the hierarchy. Outside, the quota is that
  // of the service's own group.
  const std::string membership = ReadSmallFile("/proc/self/cgroup");
  const std::string own(UnifiedCgroup(membership));
  for (const std::string& folder : {std::string("/sys/fs/cgroup"), "/sys/fs/cgroup" + own}) {
    if (auto quota = ParseCpuMax(ReadSmallFile(folder + "/cpu.max"))) {
      count = std::min(count, *quota);
    }
  }
  if (auto quota = ParseCfsQuota(ReadSmallFile("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
                                 ReadSmallFile("/sys/fs/cgroup/cpu/cpu.cfs_period_us"))) {
    count = std::min(count, *quota);
  }
  return std::max<uint32_t>(count, 1);
}

}  // namespace mantlet::server
