#include "proxy/server/system_limits.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace mantlet::server {
namespace {

// With fewer, the bursts of ordinary clients overflow the queue; the kernel's default is 4096 since
// Linux 5.4, and 128 before.
constexpr uint64_t kFewWaiting = 1024;
// Besides the workers: reloads and lookups of names run on threads of their own.
constexpr uint64_t kOtherThreads = 16;

std::optional<uint64_t> LeadingNumber(const std::string& text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

}  // namespace

SystemLimits ReadSystemLimits(const ReadFile& read) {
  SystemLimits limits;
  limits.listen_queue = LeadingNumber(read("/proc/sys/net/core/somaxconn"));
  for (const std::string& folder : CgroupFolders(read)) {
    const std::optional<uint64_t> most = LeadingNumber(read(folder + "/pids.max"));
    if (!most) continue;  // "max"
    const uint64_t used = LeadingNumber(read(folder + "/pids.current")).value_or(0);
    const uint64_t left = *most - std::min(*most, used);
    limits.threads_left = std::min(limits.threads_left.value_or(left), left);
  }
  return limits;
}

void WarnSmallLimits(const SystemLimits& limits, uint32_t workers, base::Logger& logger) {
  if (limits.listen_queue && *limits.listen_queue < kFewWaiting) {
    logger.Warn("listen_queue_short",
                "The kernel lets few connections wait until they are accepted, so that some are "
                "lost when many clients connect at once. Raise net.core.somaxconn to 4096 (in "
                "Kubernetes: securityContext.sysctls of the pod).",
                {{"somaxconn", *limits.listen_queue}});
  }
  const uint64_t wanted = workers + kOtherThreads;
  if (limits.threads_left && *limits.threads_left < wanted) {
    logger.Warn("threads_short",
                "The cgroup permits few further threads, so that reloads and lookups of names may "
                "fail. Raise its pids.max (TasksMax=, or the pod's limit of processes), or lower "
                "`workers`.",
                {{"threads_left", *limits.threads_left}, {"threads_wanted", wanted}});
  }
}

}  // namespace mantlet::server
