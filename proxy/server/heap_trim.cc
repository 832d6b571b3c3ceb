#include "proxy/server/heap_trim.h"

#include <stdlib.h>  // for __GLIBC__

#include <algorithm>
#include <utility>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace mantlet::server {

void HeapTrim::TrimHeap() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

HeapTrim::HeapTrim(io::Loop& loop, const base::Clock& clock, std::function<void()> trim)
    : loop_(loop),
      clock_(clock),
      trim_(std::move(trim)),
      timer_([this] { Trim(); }),
      soon_(loop, [this] { Trim(); }, io::DeferredCall::When::kAfterTurn) {}

void HeapTrim::SetOpen(size_t open) {
  open_ = open;
  peak_ = std::max(peak_, open_);
  if (closed() < kWorthwhile) return;
  const int64_t wait_ms = (not_before_us_ - clock_.MonotonicUs()) / 1000;
  if (closed() < step_ || wait_ms > 0) {
    if (!timer_.armed()) loop_.ArmIn(timer_, std::max(kMomentMs, wait_ms));
    return;
  }
  soon_.Schedule();
}

void HeapTrim::Trim() {
  loop_.timers().Cancel(timer_);
  if (closed() < kWorthwhile) return;
  const int64_t began_us = clock_.MonotonicUs();
  trim_();
  const int64_t took_us = clock_.MonotonicUs() - began_us;
  not_before_us_ = began_us + std::min(took_us * kShare, kLongestWaitUs);
  step_ = took_us > kLongUs ? step_ * 2 : kStep;
  peak_ = open_;
}

}  // namespace mantlet::server
