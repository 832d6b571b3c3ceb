#include "certs/reloader.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mantlet::certs {
namespace {

using testing::HasSubstr;
using Action = Reloader::Action;
using Outcome = Reloader::Outcome;

constexpr int64_t kStart = 1'000'000;

Reloader Make() { return Reloader(Reloader::Options(), kStart); }

TEST(Reloader, RestsUntilTheSlowLook) {
  Reloader reloader = Make();
  EXPECT_EQ(reloader.NextWakeup(), kStart + 30'000);
  EXPECT_EQ(reloader.Next(kStart + 29'999), Action::kNothing);
  EXPECT_EQ(reloader.Next(kStart + 30'000), Action::kLook);
  EXPECT_EQ(reloader.Next(kStart + 30'000), Action::kNothing);
  EXPECT_EQ(reloader.NextWakeup(), kStart + 60'000);
}

TEST(Reloader, WithoutAnIntervalItSleepsUntilAnEvent) {
  Reloader reloader(Reloader::Options{.interval_ms = 0}, kStart);
  EXPECT_EQ(reloader.NextWakeup(), std::nullopt);
  reloader.SetInterval(5'000, kStart);
  EXPECT_EQ(reloader.NextWakeup(), kStart + 5'000);
}

TEST(Reloader, LetsABurstOfEventsSettleButNotForever) {
  Reloader reloader = Make();
  for (int64_t t = 0; t <= 1'500; t += 50) {
    reloader.FilesEvent(kStart + t);
    if (t < 1'000) {
      EXPECT_EQ(reloader.Next(kStart + t), Action::kNothing) << t;
    }
    if (t == 1'000) {
      EXPECT_EQ(reloader.Next(kStart + t), Action::kLook);
    }
  }
  Reloader single = Make();
  single.FilesEvent(kStart);
  EXPECT_EQ(single.NextWakeup(), kStart + 100);
  EXPECT_EQ(single.Next(kStart + 100), Action::kLook);
}

TEST(Reloader, ALookThatFindsNothingLeadsToNothing) {
  Reloader reloader = Make();
  reloader.FilesEvent(kStart);
  EXPECT_EQ(reloader.Next(kStart + 100), Action::kLook);
  reloader.Looked(false, kStart + 100);
  EXPECT_FALSE(reloader.pending());
  EXPECT_EQ(reloader.Next(kStart + 100), Action::kNothing);
}

TEST(Reloader, AChangeIsPendingUntilItIsSwappedIn) {
  Reloader reloader = Make();
  reloader.FilesEvent(kStart);
  reloader.Next(kStart + 100);
  reloader.Looked(true, kStart + 100);
  EXPECT_TRUE(reloader.pending());
  EXPECT_EQ(reloader.Next(kStart + 100), Action::kLoad);
  EXPECT_TRUE(reloader.pending());
  EXPECT_TRUE(reloader.Loaded(Outcome::kSwapped, "", kStart + 110).has_value());
  EXPECT_FALSE(reloader.pending());
  EXPECT_EQ(reloader.counters().success, 1u);
}

TEST(Reloader, ARequestLoadsAtOnceWithoutALook) {
  Reloader reloader = Make();
  reloader.Requested(kStart + 5);
  EXPECT_EQ(reloader.NextWakeup(), kStart + 5);
  EXPECT_EQ(reloader.Next(kStart + 5), Action::kLoad);
  EXPECT_EQ(reloader.Loaded(Outcome::kUnchanged, "", kStart + 5), std::nullopt);
  EXPECT_EQ(reloader.counters().unchanged, 1u);
}

TEST(Reloader, AFailureIsSaidOnceAndTriedAgainMoreAndMoreSlowly) {
  Reloader reloader = Make();
  int64_t now = kStart;
  reloader.Requested(now);
  ASSERT_EQ(reloader.Next(now), Action::kLoad);
  EXPECT_THAT(reloader.Loaded(Outcome::kFailed, "key /x does not fit /y", now).value_or(""),
              HasSubstr("awaiting: key /x does not fit /y"));
  EXPECT_EQ(reloader.last_error(), "key /x does not fit /y");
  EXPECT_TRUE(reloader.pending());
  for (int64_t wait : {500, 1'000, 2'000, 4'000, 8'000, 16'000, 30'000, 30'000}) {
    ASSERT_EQ(reloader.NextWakeup(), now + wait);
    now += wait;
    ASSERT_EQ(reloader.Next(now), Action::kLoad);
    EXPECT_EQ(reloader.Loaded(Outcome::kFailed, "key /x does not fit /y", now), std::nullopt);
  }
  EXPECT_EQ(reloader.counters().failure, 9u);
  now = *reloader.NextWakeup();
  ASSERT_EQ(reloader.Next(now), Action::kLoad);
  EXPECT_TRUE(reloader.Loaded(Outcome::kFailed, "another reason", now).has_value());
}

TEST(Reloader, AChangeAfterAFailureStartsTheWaitingAnew) {
  Reloader reloader = Make();
  int64_t now = kStart;
  reloader.Requested(now);
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(reloader.Next(now), Action::kLoad);
    reloader.Loaded(Outcome::kFailed, "torn", now);
    now = *reloader.NextWakeup();
  }
  now -= 1'000;
  reloader.FilesEvent(now);
  ASSERT_EQ(reloader.Next(now + 100), Action::kLook);
  reloader.Looked(true, now + 100);
  ASSERT_EQ(reloader.Next(now + 100), Action::kLoad);
  reloader.Loaded(Outcome::kFailed, "torn", now + 100);
  EXPECT_EQ(reloader.NextWakeup(), now + 600);
}

TEST(Reloader, FilesThatReturnToWhatIsServedEndTheFailure) {
  Reloader reloader = Make();
  reloader.Requested(kStart);
  reloader.Next(kStart);
  reloader.Loaded(Outcome::kFailed, "torn", kStart);
  ASSERT_EQ(reloader.Next(kStart + 500), Action::kLoad);
  EXPECT_TRUE(reloader.Loaded(Outcome::kUnchanged, "", kStart + 500).has_value());
  EXPECT_FALSE(reloader.pending());
  EXPECT_EQ(reloader.last_error(), "");
  EXPECT_EQ(reloader.Next(kStart + 600), Action::kNothing);
}

}  // namespace
}  // namespace mantlet::certs
