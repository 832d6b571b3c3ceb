// HeapTrim returns to the kernel the memory that closed connections leave free. glibc keeps memory
// that is free in the middle of its heap: after a peak of connections a process would stay as large
// as it was then.
//
// A trim costs a system call for each free stretch and, later, a page fault for each page that is
// used again. So memory is trimmed after many connections have closed and no new ones have come,
// and in steps, so that no step delays the loop for long. Three constants set how many connections,
// how soon and how often.
//
// One loop's thread only. The loop must outlive it.

#ifndef MANTLET_PROXY_SERVER_HEAP_TRIM_H_
#define MANTLET_PROXY_SERVER_HEAP_TRIM_H_

#include <cstddef>
#include <cstdint>
#include <functional>

#include "proxy/base/clock.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/io/deferred_call.h"
#include "proxy/io/loop.h"

namespace mantlet::server {

class HeapTrim {
 public:
  // After this many closed connections, the heap is trimmed as soon as their memory is free. Fewer
  // wait for kMomentMs, in which more may close or open. Fewer than a quarter are never trimmed.
  static constexpr size_t kStep = 256;
  static constexpr size_t kWorthwhile = kStep / 4;
  static constexpr int64_t kMomentMs = 1000;
  // Trims take at most 1/kShare of the time, but no trim waits longer than kLongestWaitUs, because
  // on a busy machine the clock runs while the loop does not. After a trim that took longer than
  // kLongUs, the next step is twice as large.
  static constexpr int64_t kShare = 10;
  static constexpr int64_t kLongestWaitUs = kMomentMs * 1500;
  static constexpr int64_t kLongUs = kMomentMs;

  // `trim` must free memory that is only kept for reuse, and call TrimHeap().
  HeapTrim(io::Loop& loop, const base::Clock& clock, std::function<void()> trim);
  HeapTrim(const HeapTrim&) = delete;

  // Sets the number of open connections. Called whenever it changes.
  void SetOpen(size_t open);

  // Trims the heaps of all threads; does nothing where the C library is not glibc.
  static void TrimHeap();

 private:
  void Trim();
  size_t closed() const { return peak_ - open_; }

  io::Loop& loop_;
  const base::Clock& clock_;
  const std::function<void()> trim_;
  base::FunctionTimer timer_;
  size_t open_ = 0;
  size_t peak_ = 0;  // the largest number open since the last trim
  size_t step_ = kStep;
  int64_t not_before_us_ = 0;
  io::DeferredCall soon_;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_HEAP_TRIM_H_
