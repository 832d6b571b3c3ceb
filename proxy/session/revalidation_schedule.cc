#include "proxy/session/revalidation_schedule.h"

#include <algorithm>

namespace mantlet::session {
namespace {

// The wall clock may be set forward, and timers do not notice.
constexpr int64_t kMaxSleepMs = 5000;

}  // namespace

RevalidationSchedule::RevalidationSchedule(io::Loop& loop, const base::Clock& clock)
    : loop_(loop),
      clock_(clock),
      timer_([this] { RunDue(); }),
      next_slice_(loop, [this] { RunDue(); }, io::DeferredCall::When::kNextTurn) {}

void RevalidationSchedule::SetDue(Handler& handler, int64_t due) {
  if (handler.due_ == due) return;
  if (handler.due_ != kNever) order_.erase({handler.due_, &handler});
  handler.due_ = due;
  if (due == kNever) return;
  order_.insert({due, &handler});
  if (order_.begin()->second == &handler) Schedule();
}

void RevalidationSchedule::RunDue() {
  const int64_t now = clock_.WallSeconds();
  const int64_t began_us = clock_.MonotonicUs();
  while (!order_.empty() && order_.begin()->first <= now) {
    Handler* handler = order_.begin()->second;
    order_.erase(order_.begin());
    handler->due_ = kNever;
    handler->OnRevalidationDue();
    if (clock_.MonotonicUs() - began_us >= kSliceUs) break;
  }
  Schedule();
}

void RevalidationSchedule::Schedule() {
  if (order_.empty()) {
    loop_.timers().Cancel(timer_);
    return;
  }
  const int64_t due_ms = order_.begin()->first * 1000;
  const int64_t wait_ms = due_ms - clock_.WallMs();
  if (wait_ms > 0) {
    loop_.ArmIn(timer_, std::min(wait_ms, kMaxSleepMs));
    return;
  }
  // The next slice runs in a later turn of the loop, so that other events are handled in between.
  next_slice_.Schedule();
}

}  // namespace mantlet::session
