// ReadProcessStats returns the values of the standard process_* metrics. Reads /proc/self at each
// call. No state; any thread.

#ifndef MANTLET_PROXY_OBSERVE_PROCESS_STATS_H_
#define MANTLET_PROXY_OBSERVE_PROCESS_STATS_H_

#include <cstdint>
#include <string_view>

namespace mantlet::observe {

// A value that could not be read is 0.
struct ProcessStats {
  double cpu_seconds = 0;         // user and system, all threads
  double start_time_seconds = 0;  // since the epoch
  uint64_t resident_bytes = 0;
  uint64_t virtual_bytes = 0;
  uint64_t threads = 0;
  uint64_t open_fds = 0;
  uint64_t max_fds = 0;  // the soft limit
};

ProcessStats ReadProcessStats();

// Parses the line of /proc/self/stat. Its units are clock ticks of `ticks_per_second` and pages of
// `page_bytes`. Returns false, and changes nothing, if the line is not as proc(5) describes it.
bool ParseProcStat(std::string_view stat, int64_t boot_time_seconds, int64_t ticks_per_second,
                   int64_t page_bytes, ProcessStats* stats);

}  // namespace mantlet::observe

#endif  // MANTLET_PROXY_OBSERVE_PROCESS_STATS_H_
