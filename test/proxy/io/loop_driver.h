// Turns a loop under test by hand, until what the test waits for has happened.

#ifndef MANTLET_TEST_PROXY_IO_LOOP_DRIVER_H_
#define MANTLET_TEST_PROXY_IO_LOOP_DRIVER_H_

#include <chrono>

#include "proxy/base/timer_wheel.h"
#include "proxy/io/loop.h"

namespace mantlet::io {

// True as soon as `happened()` is; false if it never was within 20 seconds, which
// is much longer than anything here takes on a busy machine.
template <typename Predicate>
bool RunUntil(Loop& loop, Predicate happened) {
  const auto late = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  base::FunctionTimer heartbeat([] {});
  uv_update_time(loop.uv());
  while (!happened()) {
    if (std::chrono::steady_clock::now() > late) return false;
    // The loop must not sleep for ever when nothing comes.
    if (!heartbeat.armed()) loop.ArmIn(heartbeat, 100);
    uv_run(loop.uv(), UV_RUN_ONCE);
  }
  return true;
}

// A few turns that do not wait: whatever is ready by now has happened after it.
inline void RunReady(Loop& loop) {
  for (int i = 0; i < 5; ++i) uv_run(loop.uv(), UV_RUN_NOWAIT);
}

}  // namespace mantlet::io

#endif  // MANTLET_TEST_PROXY_IO_LOOP_DRIVER_H_
