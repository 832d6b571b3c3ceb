#include "proxy/observe/process_stats.h"

#include <gtest/gtest.h>

#include <ctime>

namespace mantlet::observe {
namespace {

constexpr std::string_view kStat =
    "4242 (man) tlet (x) S 1 4242 4242 0 -1 4194560 900 0 3 0 250 50 0 0 20 0 3 0 12345 104857600 "
    "2560 18446744073709551615 1 1 0 0 0 0 0 4096 17442 0 0 0 17 1 0 0 0 0 0 0\n";

TEST(ParseProcStat, ReadsTheFieldsAfterACommandOfAnyName) {
  ProcessStats stats;
  ASSERT_TRUE(ParseProcStat(kStat, 1'800'000'000, 100, 4096, &stats));
  EXPECT_DOUBLE_EQ(stats.cpu_seconds, 3.0);
  EXPECT_DOUBLE_EQ(stats.start_time_seconds, 1'800'000'123.45);
  EXPECT_EQ(stats.threads, 3u);
  EXPECT_EQ(stats.virtual_bytes, 104'857'600u);
  EXPECT_EQ(stats.resident_bytes, 2560u * 4096);
}

TEST(ParseProcStat, RejectsATruncatedLine) {
  ProcessStats stats;
  EXPECT_FALSE(ParseProcStat("", 0, 100, 4096, &stats));
  EXPECT_FALSE(ParseProcStat("1 (a)", 0, 100, 4096, &stats));
  EXPECT_FALSE(ParseProcStat("1 (a) S 1 2 3", 0, 100, 4096, &stats));
  EXPECT_EQ(stats.threads, 0u);
}

TEST(ReadProcessStats, ReturnsPlausibleValuesForThisProcess) {
  const ProcessStats stats = ReadProcessStats();
  EXPECT_GT(stats.resident_bytes, 100'000u);
  EXPECT_GT(stats.virtual_bytes, stats.resident_bytes);
  EXPECT_GE(stats.threads, 1u);
  EXPECT_GE(stats.open_fds, 1u);
  EXPECT_GE(stats.max_fds, stats.open_fds);
  const auto now = static_cast<double>(std::time(nullptr));
  EXPECT_LT(stats.start_time_seconds, now + 2);
  EXPECT_GT(stats.start_time_seconds, now - 3600);
}

}  // namespace
}  // namespace mantlet::observe
