// LogBudget limits the rate of log records that clients can cause (failed handshakes, rejected
// requests) and counts the suppressed ones. The metrics count every case; the budget limits only
// the log.
//
//   if (auto go = budget.Ask(clock.MonotonicMs())) {
//     logger.Warn("handshake_failed", "…", {…, {"suppressed", go.suppressed}});
//   }
//
// Not thread-safe: each worker has its own. It reads no clock and does no I/O.

#ifndef MANTLET_PROXY_BASE_LOG_BUDGET_H_
#define MANTLET_PROXY_BASE_LOG_BUDGET_H_

#include <cstdint>
#include <limits>
#include <utility>

namespace mantlet::base {

class LogBudget {
 public:
  struct Decision {
    bool write = false;
    uint64_t suppressed = 0;  // records suppressed since the last one written
    explicit operator bool() const { return write; }
  };

  // Allows `count` records in each period of `period_ms` of monotonic time.
  explicit LogBudget(uint32_t count, int64_t period_ms = 1000)
      : count_(count), period_ms_(period_ms) {}

  Decision Ask(int64_t now_ms) {
    const int64_t period = now_ms / period_ms_;
    if (period != period_) {
      period_ = period;
      used_ = 0;
    }
    if (used_ >= count_) {
      ++suppressed_;
      return {};
    }
    ++used_;
    return {.write = true, .suppressed = std::exchange(suppressed_, 0)};
  }

 private:
  const uint32_t count_;
  const int64_t period_ms_;
  int64_t period_ = std::numeric_limits<int64_t>::min();
  uint32_t used_ = 0;
  uint64_t suppressed_ = 0;
};

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_LOG_BUDGET_H_
