#include "proxy/session/minimum_rate.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>

namespace mantlet::session {
namespace {

using config::Milliseconds;

TEST(MinimumRateTest, IsAveragedOverThePeriod) {
  EXPECT_TRUE(ReachesRate(14'400, 240, std::chrono::minutes(1), 1));
  EXPECT_FALSE(ReachesRate(14'399, 240, std::chrono::minutes(1), 1));
  EXPECT_TRUE(ReachesRate(24, 240, Milliseconds(100), 1));
  EXPECT_FALSE(ReachesRate(23, 240, Milliseconds(100), 1));
}

TEST(MinimumRateTest, IsSharedByTheStreamsOfAConnection) {
  EXPECT_TRUE(ReachesRate(144, 240, std::chrono::minutes(1), 100));
  EXPECT_FALSE(ReachesRate(143, 240, std::chrono::minutes(1), 100));
  EXPECT_FALSE(ReachesRate(143, 240, std::chrono::minutes(1), 0)) << "as for one";
}

TEST(MinimumRateTest, ZeroDemandsNothing) {
  EXPECT_TRUE(ReachesRate(0, 0, std::chrono::hours(24), 1));
}

TEST(MinimumRateTest, TheLargestRateAndPeriodDoNotOverflow) {
  EXPECT_FALSE(ReachesRate(1'000'000'000'000, 1 << 30, std::chrono::hours(24), 1));
  EXPECT_TRUE(
      ReachesRate(std::numeric_limits<uint64_t>::max(), 1 << 30, std::chrono::hours(24), 1));
}

TEST(MinimumRateTest, TheFaultsNameTheirKeys) {
  config::Listener listener;
  const auto sending = SendingFault(listener, 14'399, 1);
  ASSERT_TRUE(sending.has_value());
  EXPECT_EQ(sending->reason, base::ErrorReason::kRequestTooSlow);
  EXPECT_NE(sending->detail.find("listeners[].limits.min_request_rate"), std::string::npos);
  EXPECT_FALSE(SendingFault(listener, 14'400, 1).has_value());
  const auto reading = ReadingFault(listener, 14'399, 1);
  ASSERT_TRUE(reading.has_value());
  EXPECT_EQ(reading->reason, base::ErrorReason::kClientTooSlow);
  EXPECT_NE(reading->detail.find("listeners[].limits.min_response_rate"), std::string::npos);
  EXPECT_FALSE(ReadingFault(listener, 14'400, 1).has_value());
}

}  // namespace
}  // namespace mantlet::session
