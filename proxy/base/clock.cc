#include "proxy/base/clock.h"

#include <time.h>

namespace mantlet::base {
namespace {

int64_t Now(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
}

}  // namespace

int64_t SystemClock::MonotonicUs() const { return Now(CLOCK_MONOTONIC); }
int64_t SystemClock::WallUs() const { return Now(CLOCK_REALTIME); }

int64_t ThreadCpuUs() { return Now(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace mantlet::base
