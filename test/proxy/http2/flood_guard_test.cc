// The times are the test's; a guard reads no clock.

#include "proxy/http2/flood_guard.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace mantlet::http2 {
namespace {

constexpr int64_t kStart = 1'000'000;

// How many calls in a row are allowed.
template <typename Call>
int Allowed(Call call, int most = 100'000) {
  int count = 0;
  while (count < most && call()) ++count;
  return count;
}

TEST(FloodGuardTest, AllStreamsMayBeResetAtOnce) {
  FloodGuard guard(100);
  EXPECT_EQ(Allowed([&] { return guard.OnReset(kStart); }), 100);
}

TEST(FloodGuardTest, AFewResetsASecondMayGoOnForEver) {
  FloodGuard guard(1);
  int64_t now = kStart;
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(guard.OnReset(now += 50)) << i;
  EXPECT_TRUE(guard.OnReset(now += 50));
  EXPECT_FALSE(guard.OnReset(now += 25)) << "twice as many";
}

TEST(FloodGuardTest, ATimeWithoutResetsEarnsNoMoreThanAllStreams) {
  FloodGuard guard(10);
  EXPECT_EQ(Allowed([&] { return guard.OnReset(kStart); }), 10);
  EXPECT_EQ(Allowed([&] { return guard.OnReset(kStart + 3'600'000); }), 10);
}

TEST(FloodGuardTest, AResponseEarnsAReset) {
  FloodGuard guard(10);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(guard.OnReset(kStart)) << i;
    guard.OnResponse();
  }
  EXPECT_EQ(Allowed([&] { return guard.OnReset(kStart); }), 10);
}

TEST(FloodGuardTest, ControlFramesAreBoundedAndDataEarnsSome) {
  FloodGuard guard(100);
  EXPECT_EQ(Allowed([&] { return guard.OnControlFrame(kStart); }), 2000);
  EXPECT_FALSE(guard.OnControlFrame(kStart));
  // 200 a second go on for ever.
  FloodGuard slow(100);
  int64_t now = kStart;
  for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(slow.OnControlFrame(now += 5)) << i;
  // A WINDOW_UPDATE for the stream and one for the connection, for each DATA frame.
  FloodGuard busy(100);
  for (int i = 0; i < 20'000; ++i) {
    busy.OnData();
    ASSERT_TRUE(busy.OnControlFrame(kStart) && busy.OnControlFrame(kStart)) << i;
  }
}

TEST(FloodGuardTest, EmptyFramesAreBounded) {
  FloodGuard guard(100);
  EXPECT_EQ(Allowed([&] { return guard.OnEmptyFrame(kStart); }), 200);
  EXPECT_TRUE(guard.OnReset(kStart)) << "each kind has its own allowance";
  EXPECT_TRUE(guard.OnControlFrame(kStart));
}

TEST(FloodGuardTest, AClockThatStartsAtZeroIsAClock) {
  FloodGuard guard(5);
  EXPECT_EQ(Allowed([&] { return guard.OnReset(0); }), 5);
}

}  // namespace
}  // namespace mantlet::http2
