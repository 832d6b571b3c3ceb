// Functions that set how the scheduler treats the calling thread.
//
// SetTimeSlice sets how long the scheduler lets a thread run before others.
//
// A thread with short slices runs before those with longer ones when it wakes, and gets the same
// share of the processor. This helps an event loop on a machine that is busy with other work, such
// as a reload on the loading thread. Linux supports it from 6.12 on and ignores it before; it needs
// no privilege.

#ifndef MANTLET_PROXY_SERVER_TIME_SLICE_H_
#define MANTLET_PROXY_SERVER_TIME_SLICE_H_

#include <cstdint>

namespace mantlet::server {

// This is long enough that a contended processor spends little time on switching.
inline constexpr uint64_t kWorkerSliceNs = 300'000;

// Sets the slice of the calling thread. Returns false, and changes nothing, if it cannot be set. A
// thread with another scheduling policy (real time, idle) is not changed.
bool SetTimeSlice(uint64_t nanoseconds);

// Makes the calling thread yield to others: adds `nice` (setpriority(2)) to its niceness, 19 at
// most. A thread gets about a third of the share of one that is less nice by 5. Returns false, and
// changes nothing, if it cannot be set or the thread has another scheduling policy.
bool BecomeNicer(int nice);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_TIME_SLICE_H_
