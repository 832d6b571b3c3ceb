#include "proxy/base/timer_wheel.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace mantlet::base {
namespace {

// A deadline this far away is never reached; the limit prevents overflow in the arithmetic.
constexpr int64_t kFarthestMs = std::numeric_limits<int64_t>::max() / 4;

}  // namespace

Timer::~Timer() {
  if (wheel_ != nullptr) wheel_->Cancel(*this);
}

TimerWheel::TimerWheel(int64_t now_ms, int64_t tick_ms)
    : tick_ms_(tick_ms),
      current_tick_(now_ms / tick_ms),
      slots_(std::make_unique<std::array<ListLink, kSlots>>()) {}

TimerWheel::~TimerWheel() {
  for (ListLink& slot : *slots_) {
    while (!slot.IsAlone()) {
      Timer& timer = static_cast<Timer&>(*slot.next);
      timer.Unlink();
      timer.wheel_ = nullptr;
    }
  }
}

void TimerWheel::Arm(Timer& timer, int64_t deadline_ms) {
  deadline_ms = std::clamp<int64_t>(deadline_ms, 0, kFarthestMs);
  if (timer.armed()) {
    // The new deadline is later: the timer stays in its slot and is moved when that slot is
    // reached.
    if (CeilTick(deadline_ms) >= timer.due_tick_) {
      timer.deadline_ms_ = deadline_ms;
      return;
    }
    Unlink(timer);
  } else {
    timer.wheel_ = this;
    ++armed_;
  }
  timer.deadline_ms_ = deadline_ms;
  Insert(timer);
}

void TimerWheel::Cancel(Timer& timer) {
  if (!timer.armed()) return;
  Unlink(timer);
  timer.wheel_ = nullptr;
  --armed_;
}

// Links an armed timer into the slot of its deadline. A timer that is due after more than one
// revolution goes into the farthest slot and is moved on from there.
void TimerWheel::Insert(Timer& timer) {
  timer.due_tick_ = std::clamp(CeilTick(timer.deadline_ms_), current_tick_ + 1,
                               current_tick_ + static_cast<int64_t>(kSlots) - 1);
  const size_t slot = SlotOf(timer.due_tick_);
  (*slots_)[slot].Append(timer);
  occupied_[slot / 64] |= uint64_t{1} << (slot % 64);
  summary_ |= uint64_t{1} << (slot / 64);
}

void TimerWheel::Unlink(Timer& timer) {
  timer.Unlink();
  const size_t slot = SlotOf(timer.due_tick_);
  if ((*slots_)[slot].IsAlone()) MarkEmpty(slot);
}

void TimerWheel::MarkEmpty(size_t slot) {
  occupied_[slot / 64] &= ~(uint64_t{1} << (slot % 64));
  if (occupied_[slot / 64] == 0) summary_ &= ~(uint64_t{1} << (slot / 64));
}

void TimerWheel::Advance(int64_t now_ms) {
  const int64_t target = now_ms / tick_ms_;
  if (target <= current_tick_) return;
  // Due timers leave their slots before any callback runs. A timer that a callback arms goes into
  // the wheel and waits; one that a callback cancels leaves this list.
  ListLink due;
  for (std::optional<int64_t> tick; (tick = NextOccupiedTick()) && *tick <= target;) {
    const size_t slot = SlotOf(*tick);
    due.Splice((*slots_)[slot]);
    MarkEmpty(slot);
  }
  current_tick_ = target;
  while (!due.IsAlone()) {
    Timer& timer = static_cast<Timer&>(*due.next);
    Unlink(timer);
    if (CeilTick(timer.deadline_ms_) > target) {  // it was moved in the meantime
      Insert(timer);
      continue;
    }
    timer.wheel_ = nullptr;
    --armed_;
    timer.OnTimer();  // may destroy `timer`
  }
}

std::optional<int64_t> TimerWheel::NextDeadline() const {
  const std::optional<int64_t> tick = NextOccupiedTick();
  if (!tick) return std::nullopt;
  return *tick * tick_ms_;
}

// Searches the slots after the current one, in order, for a whole revolution.
std::optional<int64_t> TimerWheel::NextOccupiedTick() const {
  if (summary_ == 0) return std::nullopt;
  const size_t start = SlotOf(current_tick_ + 1);
  const size_t word = start / 64;
  size_t slot;
  if (const uint64_t rest = occupied_[word] & (~uint64_t{0} << (start % 64))) {
    slot = word * 64 + static_cast<size_t>(std::countr_zero(rest));
  } else {
    // Search the words after this one, then those from the first; the lower half of this word comes
    // last.
    const size_t next_word = (word + 1) % kWords;
    const uint64_t turned = std::rotr(summary_, static_cast<int>(next_word));
    const size_t found = (next_word + static_cast<size_t>(std::countr_zero(turned))) % kWords;
    slot = found * 64 + static_cast<size_t>(std::countr_zero(occupied_[found]));
  }
  const size_t distance = (slot + kSlots - start) % kSlots;
  return current_tick_ + 1 + static_cast<int64_t>(distance);
}

}  // namespace mantlet::base
