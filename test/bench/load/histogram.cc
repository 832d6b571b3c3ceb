#include "test/bench/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace mantlet::bench {

size_t Histogram::BucketOf(uint64_t value) {
  if (value < (1u << kSubBits)) return value;
  const int shift = std::bit_width(value) - 1 - kSubBits;
  return (static_cast<size_t>(shift) << kSubBits) + (value >> shift);
}

uint64_t Histogram::LastOf(size_t bucket) {
  if (bucket < (2u << kSubBits)) return bucket;
  const size_t shift = (bucket >> kSubBits) - 1;
  const uint64_t first = bucket - (shift << kSubBits);
  return ((first + 1) << shift) - 1;
}

void Histogram::Add(int64_t nanoseconds) {
  const int64_t value = std::max<int64_t>(nanoseconds, 0);
  ++buckets_[BucketOf(static_cast<uint64_t>(value))];
  ++count_;
  max_ = std::max(max_, value);
  sum_ += static_cast<double>(value);
}

void Histogram::Clear() { *this = Histogram(); }

double Histogram::mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

int64_t Histogram::Percentile(double percent) const {
  if (count_ == 0) return 0;
  auto rank = static_cast<uint64_t>(std::ceil(percent / 100 * static_cast<double>(count_)));
  rank = std::clamp<uint64_t>(rank, 1, count_);
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= rank) return std::min(static_cast<int64_t>(LastOf(bucket)), max_);
  }
  return max_;
}

}  // namespace mantlet::bench
