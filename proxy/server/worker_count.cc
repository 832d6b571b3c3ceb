#include "proxy/server/worker_count.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "proxy/base/kernel_file.h"

namespace mantlet::server {
namespace {

std::optional<int64_t> ParseNumber(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> Quota(std::optional<int64_t> quota, std::optional<int64_t> period) {
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

}  // namespace

std::optional<double> ParseCpuMax(std::string_view text) {
  size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  return Quota(ParseNumber(text.substr(0, space)), ParseNumber(text.substr(space + 1)));
}

std::optional<double> ParseCfsQuota(std::string_view quota_us, std::string_view period_us) {
  return Quota(ParseNumber(quota_us), ParseNumber(period_us));
}

uint32_t AutomaticWorkerCount() { return AutomaticWorkerCount(base::ReadKernelFile); }

double AvailableProcessors() { return AvailableProcessors(base::ReadKernelFile); }

uint32_t AutomaticWorkerCount(const ReadFile& read) {
  return std::max(1u, static_cast<uint32_t>(std::ceil(AvailableProcessors(read))));
}

double AvailableProcessors(const ReadFile& read) {
  double count = 1;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) count = std::max(1, CPU_COUNT(&set));
  for (const std::string& folder : CgroupFolders(read)) {
    if (auto quota = ParseCpuMax(read(folder + "/cpu.max"))) count = std::min(count, *quota);
  }
  for (const std::string& folder : LegacyCgroupFolders(read, "cpu")) {
    if (auto quota = ParseCfsQuota(read(folder + "/cpu.cfs_quota_us"),
                                   read(folder + "/cpu.cfs_period_us"))) {
      count = std::min(count, *quota);
    }
  }
  return count;
}

}  // namespace mantlet::server
