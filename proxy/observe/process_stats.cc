#include "proxy/observe/process_stats.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string>

#include "proxy/base/kernel_file.h"

namespace mantlet::observe {
namespace {

// Returns the number after `name` at the beginning of a line, or 0.
int64_t NumberAfter(std::string_view text, std::string_view name) {
  const size_t at = text.find(name);
  if (at == std::string_view::npos) return 0;
  const std::string_view rest = text.substr(at + name.size());
  int64_t number = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), number);
  return number;
}

uint64_t CountOpenFds() {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  uint64_t entries = 0;
  while (readdir(directory) != nullptr) ++entries;
  closedir(directory);
  return entries > 3 ? entries - 3 : 0;  // ".", ".." and the descriptor that reads
}

}  // namespace

bool ParseProcStat(std::string_view stat, int64_t boot_time_seconds, int64_t ticks_per_second,
                   int64_t page_bytes, ProcessStats* stats) {
  // The second field is the command in parentheses and may contain anything, even spaces and
  // parentheses. The fields after the last parenthesis are plain.
  const size_t command_end = stat.rfind(')');
  if (command_end == std::string_view::npos || command_end + 2 >= stat.size()) return false;
  std::string_view rest = stat.substr(command_end + 2);

  // Field 3 (the state, a letter) has index 0 from here on.
  constexpr size_t kUtime = 11, kStime = 12, kThreads = 17, kStart = 19, kVsize = 20, kRss = 21;
  std::array<int64_t, kRss + 1> fields{};
  for (size_t i = 0; i < fields.size(); ++i) {
    if (rest.empty()) return false;
    const size_t space = rest.find(' ');
    const std::string_view word = rest.substr(0, space);
    if (i > 0) std::from_chars(word.data(), word.data() + word.size(), fields[i]);
    rest = space == std::string_view::npos ? std::string_view() : rest.substr(space + 1);
  }
  const auto seconds = [&](int64_t ticks) {
    return static_cast<double>(ticks) / static_cast<double>(ticks_per_second);
  };
  stats->cpu_seconds = seconds(fields[kUtime] + fields[kStime]);
  stats->start_time_seconds = static_cast<double>(boot_time_seconds) + seconds(fields[kStart]);
  stats->threads = static_cast<uint64_t>(fields[kThreads]);
  stats->virtual_bytes = static_cast<uint64_t>(fields[kVsize]);
  stats->resident_bytes = static_cast<uint64_t>(fields[kRss] * page_bytes);
  return true;
}

ProcessStats ReadProcessStats() {
  ProcessStats stats;
  ParseProcStat(base::ReadKernelFile("/proc/self/stat"),
                NumberAfter(base::ReadKernelFile("/proc/stat"), "\nbtime "), sysconf(_SC_CLK_TCK),
                sysconf(_SC_PAGESIZE), &stats);
  stats.open_fds = CountOpenFds();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) stats.max_fds = limit.rlim_cur;
  return stats;
}

}  // namespace mantlet::observe
