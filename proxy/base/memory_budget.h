// MemoryBudget bounds the memory of the process. It compares what the process has in memory with a
// limit, and states what has to be given up as that is used up: first the size of buffers, then
// idle connections, then the connections that hold the most, and at last new ones. What is
// there at the start (the program, certificates, revocation lists) is left aside: the shares are
// those of the rest.
//
// Memory is measured, not counted, so that nothing is forgotten: neither the TLS library's nor what
// the allocator keeps. A measurement is one small read(2). It is taken while bytes are read from
// connections, because nothing else makes their memory grow.
//
// Any thread may call any method. The limit is set before the workers start.

#ifndef MANTLET_PROXY_BASE_MEMORY_BUDGET_H_
#define MANTLET_PROXY_BASE_MEMORY_BUDGET_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

namespace mantlet::base {

class MemoryBudget {
 public:
  // Shares of the budget, in thousandths, from which on something is given up.
  static constexpr uint32_t kShrinkBuffers = 600;
  static constexpr uint32_t kEndIdle = 750;
  static constexpr uint32_t kSmallestBuffers = 850;
  static constexpr uint32_t kCutLargest = 900;  // until kSmallestBuffers is left
  static constexpr uint32_t kRefuseNew = 950;
  // The share of its usual size that a buffer has at least.
  static constexpr uint32_t kLeastBuffer = 1000 / 16;
  // Measurements are no closer to each other than this, unless more than a megabyte was read.
  static constexpr int64_t kIntervalMs = 5;

  // What has been given up, for the metrics.
  struct Counts {
    std::atomic<uint64_t> idle_ended = 0;
    std::atomic<uint64_t> refused = 0;
    std::atomic<uint64_t> cut = 0;
  };

  // `measure` returns the bytes that the process has in memory, or 0 if that cannot be told. It is
  // called from any thread, by one at a time.
  explicit MemoryBudget(std::function<size_t()> measure) : measure_(std::move(measure)) {}

  // Sets the limit in bytes, 0 for none, and measures what is there without connections.
  void SetLimit(size_t bytes);
  bool enabled() const { return limit_ != 0; }
  size_t limit() const { return limit_; }
  // Returns what was in memory when the limit was set.
  size_t base() const { return base_; }

  // Measures if that was not done within kIntervalMs, or if `urgent`. `now_ms` is of one monotonic
  // clock, and may be a little old. Returns true if the pressure
  // has begun with this measurement, and false if it has ended: each is reported once.
  std::optional<bool> Sample(int64_t now_ms, bool urgent);

  // Returns the bytes in memory, as of the last measurement.
  size_t used() const { return used_.load(std::memory_order_relaxed); }
  // Returns the share of the budget that is used, in thousandths.
  uint32_t fill() const;
  // Returns the share of its usual size that a buffer may have now, in thousandths.
  uint32_t buffer_share() const;
  bool ends_idle() const { return fill() >= kEndIdle; }
  bool refuses_new() const { return fill() >= kRefuseNew; }
  // Returns how many bytes must be given up at once; 0 if none.
  size_t excess() const;
  // Returns what there is for connections, in bytes.
  size_t room() const { return limit_ > base_ ? limit_ - base_ : 1; }

  Counts counts;

 private:
  const std::function<size_t()> measure_;
  size_t limit_ = 0;
  size_t base_ = 0;  // in memory without connections
  std::atomic<size_t> used_ = 0;
  std::atomic<int64_t> next_ms_ = 0;  // when the next measurement may be taken
  std::atomic<bool> measuring_ = false;
  std::atomic<bool> pressed_ = false;
};

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_MEMORY_BUDGET_H_
