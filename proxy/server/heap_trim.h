// Gives back to the kernel what connections have left behind. glibc keeps memory that
// is free in the middle of its heap: after a rush of connections a process stays as
// large as it was at its height.
//
// To give back costs a system call for each free stretch and, later, a page fault for
// each page that is wanted again. So it is done when many connections have gone and
// not come back, in steps, so that no single one holds up the loop for long; where a
// step takes long all the same (very large heaps) the next ones are fewer.
//
// One loop's thread only. Does not outlive the loop.

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
  // Fewer than this many are not worth it.
  static constexpr size_t kWorthwhile = 64;
  // When so many have gone, their memory goes as soon as it is free; fewer wait for a moment, in
  // which more may go, or come.
  static constexpr size_t kStep = 256;
  static constexpr int64_t kMomentMs = 1000;
  // At most a tenth of the time is spent on it; but nothing waits longer than this,
  // for on a busy machine the clock runs while the loop does not.
  static constexpr int64_t kShare = 10;
  static constexpr int64_t kLongestWaitUs = 1'500'000;
  static constexpr int64_t kLongUs = 1000;

  // `trim` frees what is only kept for reuse, and calls TrimHeap().
  HeapTrim(io::Loop& loop, const base::Clock& clock, std::function<void()> trim);
  HeapTrim(const HeapTrim&) = delete;

  // How many connections there are, whenever that changes.
  void SetOpen(size_t open);

  // Of all threads' heaps; nothing where the C library is not glibc.
  static void TrimHeap();

 private:
  void Trim();
  size_t gone() const { return height_ - open_; }

  io::Loop& loop_;
  const base::Clock& clock_;
  const std::function<void()> trim_;
  base::FunctionTimer timer_;
  size_t open_ = 0;
  size_t height_ = 0;  // the most that were open since the last time
  size_t step_ = kStep;
  int64_t not_before_us_ = 0;
  io::DeferredCall soon_;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_HEAP_TRIM_H_
