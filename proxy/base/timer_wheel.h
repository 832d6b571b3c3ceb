// TimerWheel keeps deadlines for very many connections: a hashed timer wheel. Arming, cancelling
// and moving a deadline are O(1) and allocate nothing (proxy/PERFORMANCE.md compares it with
// uv_timer_t). In return a deadline is kept to one tick (50 ms by default): a timer never fires
// early, and at most one tick after its deadline if Advance() is called that often.
//
// Moving a deadline to a later time, which happens on every read of a busy
// connection, only stores the new time: the timer stays in its old slot and is
// put where it belongs when that slot comes round.
//
// Single-threaded. Time is passed in, in milliseconds of one monotonic clock.
// OnTimer may arm, cancel and destroy this and any other timer; it may not call Advance() or
// destroy the wheel.

#ifndef MANTLET_PROXY_BASE_TIMER_WHEEL_H_
#define MANTLET_PROXY_BASE_TIMER_WHEEL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "proxy/base/linked_list.h"

namespace mantlet::base {

class TimerWheel;

// Timer is something with a deadline: derive and override OnTimer, or use FunctionTimer.
// Not copyable or movable; its destruction cancels it.
class Timer : private ListLink {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer();

  bool armed() const { return wheel_ != nullptr; }
  int64_t deadline_ms() const { return deadline_ms_; }  // meaningful while armed

 protected:
  // Called when the deadline has passed; the timer is no longer armed. May destroy *this.
  virtual void OnTimer() = 0;

 private:
  friend class TimerWheel;

  TimerWheel* wheel_ = nullptr;  // while armed
  int64_t deadline_ms_ = 0;
  int64_t due_tick_ = 0;  // the tick of the slot it is linked into
};

// FunctionTimer calls a function; a capture of one pointer allocates nothing.
class FunctionTimer final : public Timer {
 public:
  explicit FunctionTimer(std::function<void()> on_timer) : on_timer_(std::move(on_timer)) {}

 private:
  void OnTimer() override { on_timer_(); }

  std::function<void()> on_timer_;
};

class TimerWheel {
 public:
  // `now_ms` is the time at the start.
  explicit TimerWheel(int64_t now_ms, int64_t tick_ms = 50);
  // Timers that are still armed become unarmed without firing.
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Sets the deadline, whether or not the timer was armed. What a callback arms
  // never fires in the Advance() that is running, even with a deadline in the
  // past (unless it was due anyway). A timer may be armed in one wheel at a time.
  void Arm(Timer& timer, int64_t deadline_ms);
  // Does nothing to a timer that is not armed.
  void Cancel(Timer& timer);

  // Fires every timer whose deadline is not after `now_ms`, rounded to ticks.
  // Time that goes backwards changes nothing.
  void Advance(int64_t now_ms);

  // When Advance() has something to do next: no later than one tick after the
  // earliest deadline, possibly earlier because deadlines were moved. Empty
  // while nothing is armed: the caller's own timer can sleep.
  std::optional<int64_t> NextDeadline() const;
  bool empty() const { return armed_ == 0; }
  size_t size() const { return armed_; }
  int64_t tick_ms() const { return tick_ms_; }

 private:
  static constexpr size_t kWords = 64;
  static constexpr size_t kSlots = kWords * 64;  // at 50 ms a tick: 204 s to a revolution

  void Insert(Timer& timer);
  void Unlink(Timer& timer);
  void MarkEmpty(size_t slot);
  std::optional<int64_t> NextOccupiedTick() const;
  static size_t SlotOf(int64_t tick) { return static_cast<size_t>(tick) % kSlots; }
  int64_t CeilTick(int64_t ms) const { return (ms + tick_ms_ - 1) / tick_ms_; }

  const int64_t tick_ms_;
  int64_t current_tick_;  // the last one that was run, or is running
  size_t armed_ = 0;
  // Which slots hold timers, and which words of that are not zero, so that idle
  // stretches are crossed with two bit operations instead of a walk.
  uint64_t summary_ = 0;
  std::array<uint64_t, kWords> occupied_{};
  std::unique_ptr<std::array<ListLink, kSlots>> slots_;
};

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_TIMER_WHEEL_H_
