#include "proxy/base/clock.h"

#include <gtest/gtest.h>

namespace mantlet::base {
namespace {

TEST(ManualClock, StandsStillUntilItIsMoved) {
  ManualClock clock;
  const int64_t monotonic = clock.MonotonicUs();
  const int64_t wall = clock.WallUs();
  EXPECT_EQ(clock.MonotonicUs(), monotonic);
  clock.AdvanceMs(3);
  EXPECT_EQ(clock.MonotonicUs(), monotonic + 3000);
  EXPECT_EQ(clock.MonotonicMs(), monotonic / 1000 + 3);
  EXPECT_EQ(clock.WallUs(), wall + 3000);
}

TEST(ManualClock, SettingTheWallClockDoesNotMoveMonotonicTime) {
  ManualClock clock;
  const int64_t monotonic = clock.MonotonicUs();
  clock.SetWallSeconds(86400);
  EXPECT_EQ(clock.WallSeconds(), 86400);
  EXPECT_EQ(clock.WallMs(), 86'400'000);
  EXPECT_EQ(clock.MonotonicUs(), monotonic);
}

TEST(SystemClock, NeverGoesBackAndKnowsTheCentury) {
  const SystemClock clock;
  const int64_t before = clock.MonotonicUs();
  EXPECT_GE(clock.MonotonicUs(), before);
  EXPECT_GT(clock.WallSeconds(), 1'700'000'000);
  EXPECT_LT(clock.WallSeconds(), 4'000'000'000);
}

}  // namespace
}  // namespace mantlet::base
