// Counts durations so that percentiles can be asked for: buckets grow with the
// value, so each is at most 1.6 % wide, whatever the scale. Adding is a handful of
// instructions and allocates nothing; a year fits.

#ifndef MANTLET_TEST_BENCH_LOAD_HISTOGRAM_H_
#define MANTLET_TEST_BENCH_LOAD_HISTOGRAM_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mantlet::bench {

class Histogram {
 public:
  Histogram() : buckets_(kBuckets, 0) {}

  void Add(int64_t nanoseconds);
  void Clear();

  uint64_t count() const { return count_; }
  int64_t max() const { return max_; }
  double mean() const;
  // The smallest duration, in nanoseconds, that at least `percent` of the values do not
  // exceed; at most 1.6 % above the true one, never above max(). 0 without values.
  int64_t Percentile(double percent) const;

 private:
  // Values below 64 have a bucket each; above, each power of two has 64 buckets.
  static constexpr int kSubBits = 6;
  static constexpr size_t kBuckets = static_cast<size_t>(64 - kSubBits) << kSubBits;

  static size_t BucketOf(uint64_t value);
  static uint64_t LastOf(size_t bucket);  // the largest value that belongs there

  std::vector<uint64_t> buckets_;
  uint64_t count_ = 0;
  int64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace mantlet::bench

#endif  // MANTLET_TEST_BENCH_LOAD_HISTOGRAM_H_
