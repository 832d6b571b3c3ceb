#include "test/fuzz/fake_clock.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

namespace mantlet::fuzz {
namespace {

// Not zero, so that code which takes zero for "never" is found.
std::atomic<int64_t> now_ms{1'000'000};

}  // namespace

void PassMs(int64_t ms) { now_ms += ms; }

}  // namespace mantlet::fuzz

extern "C" int clock_gettime(clockid_t id, struct timespec* out) noexcept {
  if (id != CLOCK_MONOTONIC && id != CLOCK_MONOTONIC_COARSE) {
    return static_cast<int>(syscall(SYS_clock_gettime, id, out));
  }
  const int64_t ms = mantlet::fuzz::now_ms;
  out->tv_sec = ms / 1000;
  out->tv_nsec = ms % 1000 * 1'000'000;
  return 0;
}
