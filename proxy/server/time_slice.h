// How long the scheduler lets a thread run before it asks others.
//
// A thread with short slices is put before those with longer ones when it wakes, and
// has the same share of the processor in the end: what an event loop wants on a machine
// that is busy with other work, such as a reload on the main thread. Linux honours it
// from 6.12 on and ignores it before; no privilege is needed.

#ifndef MANTLET_PROXY_SERVER_TIME_SLICE_H_
#define MANTLET_PROXY_SERVER_TIME_SLICE_H_

#include <cstdint>

namespace mantlet::server {

// Long enough that on a contended processor little is lost to switching.
inline constexpr uint64_t kWorkerSliceNs = 300'000;

// Of the calling thread. False where it cannot be set; nothing else changes then.
// Threads that were given another policy (real time, idle) keep what they have.
bool SetTimeSlice(uint64_t nanoseconds);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_TIME_SLICE_H_
