// TimerWheel is a hashed timer wheel: it keeps deadlines for very many connections. Arming,
// cancelling and moving a deadline are O(1) and allocate nothing (proxy/PERFORMANCE.md compares it
// with uv_timer_t). In return the resolution is one tick (50 ms by default): a timer never fires
// early, and at most one tick after its deadline if Advance() is called that often.
//
// Moving a deadline to a later time, which happens on every read of a busy connection, only stores
// the new time. The timer stays in its old slot and is moved to the right one when that slot is
// reached.
//
// Single-threaded. The caller passes the time in, in milliseconds of one monotonic clock. OnTimer
// may arm, cancel and destroy this and any other timer; it may not call Advance() or destroy the
// wheel.

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

// Timer is the base class of objects with a deadline: derive and override OnTimer, or use
// FunctionTimer. Not copyable or movable; its destruction cancels it.
class Timer : private ListLink {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer();

  bool armed() const { return wheel_ != nullptr; }
  int64_t deadline_ms() const { return deadline_ms_; }  // valid only while armed

 protected:
  // OnTimer is called when the deadline has passed; the timer is then no longer armed. It may
  // destroy *this.
  virtual void OnTimer() = 0;

 private:
  friend class TimerWheel;

  TimerWheel* wheel_ = nullptr;  // set while armed
  int64_t deadline_ms_ = 0;
  int64_t due_tick_ = 0;  // the tick of the slot that holds the timer
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
  // `now_ms` is the current time.
  explicit TimerWheel(int64_t now_ms, int64_t tick_ms = 50);
  // Disarms the timers that are still armed, without firing them.
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Sets the deadline of a timer, armed or not. A timer that a callback arms never fires during the
  // running Advance(), even if its deadline has passed (unless it was due anyway). A timer may be
  // armed in one wheel at a time.
  void Arm(Timer& timer, int64_t deadline_ms);
  // Disarms a timer. Does nothing if it is not armed.
  void Cancel(Timer& timer);

  // Fires every timer whose deadline, rounded up to ticks, is not after `now_ms`. Does nothing if
  // time goes backwards.
  void Advance(int64_t now_ms);

  // Returns the time at which Advance() must be called next: at most one tick after the earliest
  // deadline, possibly earlier because deadlines were moved. Returns nullopt while no timer is
  // armed.
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
  int64_t current_tick_;  // the last tick that was run, or the one that is running
  size_t armed_ = 0;
  // Bit sets of the slots that hold timers and of the words that are not zero. They allow idle time
  // to be skipped with two bit operations instead of a walk.
  uint64_t summary_ = 0;
  std::array<uint64_t, kWords> occupied_{};
  std::unique_ptr<std::array<ListLink, kSlots>> slots_;
};

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_TIMER_WHEEL_H_
