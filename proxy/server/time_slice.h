// SetTimeSlice sets how long the scheduler lets a thread run before others.
//
// A thread with short slices runs before those with longer ones when it wakes, and gets the same
// share of the processor. An event loop wants that on a machine that is busy with other work, such
// as a reload on the main thread. Linux applies it from 6.12 on and ignores it before; it needs no
// privilege.

#ifndef MANTLET_PROXY_SERVER_TIME_SLICE_H_
#define MANTLET_PROXY_SERVER_TIME_SLICE_H_

#include <cstdint>

namespace mantlet::server {

// Long enough that on a contended processor little is lost to switching.
inline constexpr uint64_t kWorkerSliceNs = 300'000;

// Sets it for the calling thread. Returns false, and changes nothing, if it cannot be set. A thread
// of another scheduling policy (real time, idle) keeps its own.
bool SetTimeSlice(uint64_t nanoseconds);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_TIME_SLICE_H_
