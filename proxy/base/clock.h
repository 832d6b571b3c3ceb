// Clock is an interface for the current time, so that tests control it. Every class that needs the
// time receives a Clock; no other code calls clock_gettime.
//
// Monotonic time is for deadlines and durations: it never jumps, and its zero has no meaning. Wall
// time is for logs and certificates, and it may jump. Both implementations may be called from any
// thread.

#ifndef MANTLET_PROXY_BASE_CLOCK_H_
#define MANTLET_PROXY_BASE_CLOCK_H_

#include <atomic>
#include <cstdint>

namespace mantlet::base {

class Clock {
 public:
  virtual ~Clock() = default;

  virtual int64_t MonotonicUs() const = 0;  // microseconds
  virtual int64_t WallUs() const = 0;       // microseconds since the epoch, UTC

  int64_t MonotonicMs() const { return MonotonicUs() / 1000; }
  int64_t WallMs() const { return WallUs() / 1000; }
  int64_t WallSeconds() const { return WallUs() / 1'000'000; }
};

// SystemClock reads CLOCK_MONOTONIC and CLOCK_REALTIME.
class SystemClock final : public Clock {
 public:
  int64_t MonotonicUs() const override;
  int64_t WallUs() const override;
};

// Returns the processor time of the calling thread, in microseconds. It measures work and is no
// time of day, so that no test has to control it. Costs one system call.
int64_t ThreadCpuUs();

// ManualClock changes only when a test advances it. It does not start at zero, so that tests find
// code that takes zero for "never".
class ManualClock final : public Clock {
 public:
  static constexpr int64_t kStartMonotonicUs = 5'000'000'000;
  static constexpr int64_t kStartWallUs = 1'800'000'000'000'000;  // 2027-01-15T08:00:00Z

  int64_t MonotonicUs() const override { return monotonic_us_.load(std::memory_order_relaxed); }
  int64_t WallUs() const override { return wall_us_.load(std::memory_order_relaxed); }

  // Moves monotonic time and wall time forward.
  void AdvanceUs(int64_t us) {
    monotonic_us_.fetch_add(us, std::memory_order_relaxed);
    wall_us_.fetch_add(us, std::memory_order_relaxed);
  }
  void AdvanceMs(int64_t ms) { AdvanceUs(ms * 1000); }
  // Sets the wall time; monotonic time does not change.
  void SetWallSeconds(int64_t seconds) {
    wall_us_.store(seconds * 1'000'000, std::memory_order_relaxed);
  }

 private:
  std::atomic<int64_t> monotonic_us_{kStartMonotonicUs};
  std::atomic<int64_t> wall_us_{kStartWallUs};
};

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_CLOCK_H_
