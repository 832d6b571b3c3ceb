// Runs a loop step by step until an expected event has happened.

#ifndef MANTLET_TEST_PROXY_IO_LOOP_DRIVER_H_
#define MANTLET_TEST_PROXY_IO_LOOP_DRIVER_H_

#include <chrono>

#include "proxy/base/timer_wheel.h"
#include "proxy/io/loop.h"

namespace mantlet::io {

// Returns true as soon as `happened()` does; false after 20 seconds, which is much longer than
// anything here takes on a busy machine.
template <typename Predicate>
bool RunUntil(Loop& loop, Predicate happened) {
  const auto late = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  base::FunctionTimer heartbeat([] {});
  uv_update_time(loop.uv());
  while (!happened()) {
    if (std::chrono::steady_clock::now() > late) return false;
    // The loop must not sleep for ever when no event comes.
    if (!heartbeat.armed()) loop.ArmIn(heartbeat, 100);
    uv_run(loop.uv(), UV_RUN_ONCE);
  }
  return true;
}

// Runs a few turns that do not wait: all events that are ready now are handled.
inline void RunReady(Loop& loop) {
  for (int i = 0; i < 5; ++i) uv_run(loop.uv(), UV_RUN_NOWAIT);
}

}  // namespace mantlet::io

#endif  // MANTLET_TEST_PROXY_IO_LOOP_DRIVER_H_
