#include "proxy/base/memory_budget.h"

#include <algorithm>

namespace mantlet::base {
namespace {

// While less than this is used, in thousandths, the time alone matters less: measurements are
// further apart, unless much is read.
constexpr uint32_t kCalm = 300;
constexpr int64_t kCalmIntervals = 10;

}  // namespace

void MemoryBudget::SetLimit(size_t bytes) {
  limit_ = bytes;
  base_ = measure_();
  used_.store(base_, std::memory_order_relaxed);
}

std::optional<bool> MemoryBudget::Sample(int64_t now_ms, bool urgent) {
  if (!enabled()) return std::nullopt;
  if (!urgent && now_ms < next_ms_.load(std::memory_order_relaxed)) return std::nullopt;
  if (measuring_.exchange(true, std::memory_order_acquire)) return std::nullopt;
  const size_t used = measure_();
  if (used != 0) used_.store(used, std::memory_order_relaxed);
  const int64_t intervals = fill() < kCalm ? kCalmIntervals : 1;
  next_ms_.store(now_ms + intervals * kIntervalMs, std::memory_order_relaxed);
  measuring_.store(false, std::memory_order_release);
  const bool pressed = pressed_.load(std::memory_order_relaxed);
  const bool now = pressed ? fill() >= kShrinkBuffers : ends_idle();
  if (now == pressed || pressed_.exchange(now) == now) return std::nullopt;
  return now;
}

uint32_t MemoryBudget::fill() const {
  if (!enabled()) return 0;
  const size_t used = this->used();
  if (used <= base_) return 0;
  return static_cast<uint32_t>(std::min<uint64_t>(uint64_t{used - base_} * 1000 / room(), 10'000));
}

uint32_t MemoryBudget::buffer_share() const {
  const uint32_t fill = this->fill();
  if (fill <= kShrinkBuffers) return 1000;
  if (fill >= kSmallestBuffers) return kLeastBuffer;
  const uint32_t left = kSmallestBuffers - fill;
  return kLeastBuffer + (1000 - kLeastBuffer) * left / (kSmallestBuffers - kShrinkBuffers);
}

size_t MemoryBudget::excess() const {
  if (fill() < kCutLargest) return 0;
  return used() - base_ - room() / 1000 * kSmallestBuffers;
}

}  // namespace mantlet::base
