// Says whether a record that may come in floods (failed handshakes, refused
// requests) should be written. A counter in the metrics counts every case; the
// budget only spares the log, and accounts for what it kept out.
//
//   if (auto go = budget.Ask(clock.MonotonicMs())) {
//     logger.Warn("handshake_failed", "…", {…, {"suppressed", go.suppressed}});
//   }
//
// Not thread-safe: each worker has its own. No clock, no I/O.

#ifndef MANTLET_PROXY_BASE_LOG_BUDGET_H_
#define MANTLET_PROXY_BASE_LOG_BUDGET_H_

#include <cstdint>
#include <limits>

namespace mantlet::base {

class LogBudget {
 public:
  struct Decision {
    bool write = false;
    uint64_t suppressed = 0;  // records kept out since the last one written
    explicit operator bool() const { return write; }
  };

  // At most `per_second` records in each second of monotonic time.
  explicit LogBudget(uint32_t per_second) : per_second_(per_second) {}

  Decision Ask(int64_t now_ms) {
    const int64_t second = now_ms / 1000;
    if (second != second_) {
      second_ = second;
      used_ = 0;
    }
    if (used_ >= per_second_) {
      ++suppressed_;
      return {};
    }
    ++used_;
    return {.write = true, .suppressed = TakeSuppressed()};
  }

  // For a slow tick or the end: how many are still unaccounted for. Write a
  // record of their own when this is not 0.
  uint64_t TakeSuppressed() {
    const uint64_t taken = suppressed_;
    suppressed_ = 0;
    return taken;
  }

 private:
  const uint32_t per_second_;
  int64_t second_ = std::numeric_limits<int64_t>::min();
  uint32_t used_ = 0;
  uint64_t suppressed_ = 0;
};

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_LOG_BUDGET_H_
