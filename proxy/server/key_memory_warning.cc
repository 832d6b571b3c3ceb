#include "proxy/server/key_memory_warning.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace mantlet::server {
namespace {

// Returns whether there is a line behind the titles. A file that cannot be read tells of no swap
// either way; then the warning is the safer answer.
bool HasSwap(const std::string& swaps) {
  return swaps.empty() || std::count(swaps.begin(), swaps.end(), '\n') > 1;
}

// RLIMIT_MEMLOCK in bytes.
uint64_t LockLimit() {
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  return limit.rlim_cur;
}

}  // namespace

KeyMemoryWarning::KeyMemoryWarning(const ReadFile& read) : swap_(HasSwap(read("/proc/swaps"))) {}

void KeyMemoryWarning::Check(const base::KeyMemoryUse& use, base::Logger& logger) {
  if (logged_ || (use.unlocked_bytes == 0 && !use.refused)) return;
  logged_ = true;
  constexpr char kWhat[] =
      "Memory of private keys is not locked, so that the kernel may write keys to swap. Raise "
      "RLIMIT_MEMLOCK (LimitMEMLOCK= of the service; in a container, the limit that the runtime "
      "sets), or use no swap, or encrypted swap.";
  const std::string error = std::strerror(use.lock_error);
  const std::vector<base::LogField> fields = {{"key_memory_bytes", use.mapped_bytes},
                                              {"unlocked_bytes", use.unlocked_bytes},
                                              {"limit_bytes", LockLimit()},
                                              {"error", error},
                                              {"swap", swap_}};
  logger.Log(swap_ ? base::LogLevel::kWarn : base::LogLevel::kInfo, "memory_not_locked", kWhat,
             fields);
}

}  // namespace mantlet::server
