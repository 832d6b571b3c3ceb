#include "proxy/session/standing_book.h"

#include <algorithm>

namespace mantlet::session {
namespace {

// Somebody may set the wall clock: then a moment comes earlier than timers know.
constexpr int64_t kLookAtLeastEveryMs = 5000;

}  // namespace

StandingBook::StandingBook(io::Loop& loop, const base::Clock& clock)
    : loop_(loop),
      clock_(clock),
      timer_([this] { Look(); }),
      next_slice_(loop, [this] { Look(); }, io::DeferredCall::When::kNextTurn) {}

void StandingBook::SetDue(Member& member, int64_t moment) {
  if (member.due_ == moment) return;
  if (member.due_ != kNever) order_.erase({member.due_, &member});
  member.due_ = moment;
  if (moment == kNever) return;
  order_.insert({moment, &member});
  if (order_.begin()->second == &member) Schedule();
}

void StandingBook::Look() {
  const int64_t now = clock_.WallSeconds();
  const int64_t began_us = clock_.MonotonicUs();
  while (!order_.empty() && order_.begin()->first <= now) {
    Member* member = order_.begin()->second;
    order_.erase(order_.begin());
    member->due_ = kNever;
    member->OnStandingDue();
    if (clock_.MonotonicUs() - began_us >= kSliceUs) break;
  }
  Schedule();
}

void StandingBook::Schedule() {
  if (order_.empty()) {
    loop_.timers().Cancel(timer_);
    return;
  }
  const int64_t due_ms = order_.begin()->first * 1000;
  const int64_t wait_ms = due_ms - clock_.WallMs();
  if (wait_ms > 0) {
    loop_.ArmIn(timer_, std::min(wait_ms, kLookAtLeastEveryMs));
    return;
  }
  // In a turn of its own: others get theirs in between.
  next_slice_.Schedule();
}

}  // namespace mantlet::session
