#include "test/bench/load/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace mantlet::bench {
namespace {

TEST(HistogramTest, KnowsNothingWithoutValues) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.Percentile(99), 0);
  EXPECT_EQ(histogram.mean(), 0);
}

TEST(HistogramTest, IsExactBelow128Nanoseconds) {
  Histogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.Add(i);
  EXPECT_EQ(histogram.Percentile(50), 50);
  EXPECT_EQ(histogram.Percentile(99), 99);
  EXPECT_EQ(histogram.Percentile(99.9), 100);
  EXPECT_EQ(histogram.max(), 100);
  EXPECT_DOUBLE_EQ(histogram.mean(), 50.5);
}

TEST(HistogramTest, OneValueIsEveryPercentile) {
  Histogram histogram;
  histogram.Add(123'456'789);
  EXPECT_EQ(histogram.Percentile(0), 123'456'789);
  EXPECT_EQ(histogram.Percentile(50), 123'456'789);
  EXPECT_EQ(histogram.Percentile(100), 123'456'789);
}

TEST(HistogramTest, IsNeverBelowTheTruePercentileNorMuchAbove) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> latency(std::log(100'000), 2);
  Histogram histogram;
  std::vector<int64_t> values;
  for (int i = 0; i < 100'000; ++i) {
    values.push_back(static_cast<int64_t>(latency(random)));
    histogram.Add(values.back());
  }
  std::ranges::sort(values);
  for (const double percent : {1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 99.99}) {
    const auto rank =
        static_cast<size_t>(std::ceil(percent / 100 * static_cast<double>(values.size())));
    const auto truth = static_cast<double>(values[rank - 1]);
    const auto told = static_cast<double>(histogram.Percentile(percent));
    EXPECT_GE(told, truth) << percent;
    EXPECT_LE(told, truth * 1.016 + 1) << percent;
  }
}

TEST(HistogramTest, TakesNegativeForZeroAndAnythingElse) {
  Histogram histogram;
  histogram.Add(-5);
  EXPECT_EQ(histogram.Percentile(100), 0);
  histogram.Add(INT64_MAX);
  EXPECT_EQ(histogram.Percentile(100), INT64_MAX);
}

TEST(HistogramTest, ForgetsWhenCleared) {
  Histogram histogram;
  histogram.Add(1000);
  histogram.Clear();
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.max(), 0);
}

}  // namespace
}  // namespace mantlet::bench
