#include "certs/reloader.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mantlet::certs {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Action = Reloader::Action;
using Outcome = Reloader::Outcome;

using Level = Reloader::Level;
using Problems = std::vector<Reloader::Problem>;

constexpr int64_t kStart = 1'000'000;

Problems Refused(const std::string& reason) { return {{"", reason, false}}; }
Problems Torn(const std::string& listener, const std::string& reason = "torn") {
  return {{listener, reason, true}};
}

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
  EXPECT_THAT(reloader.Loaded(Outcome::kSwapped, {}, kStart + 110), IsEmpty());
  EXPECT_FALSE(reloader.pending());
  EXPECT_EQ(reloader.counters().success, 1u);
}

TEST(Reloader, ARequestLoadsAtOnceWithoutALook) {
  Reloader reloader = Make();
  reloader.Requested(kStart + 5);
  EXPECT_EQ(reloader.NextWakeup(), kStart + 5);
  EXPECT_EQ(reloader.Next(kStart + 5), Action::kLoad);
  EXPECT_THAT(reloader.Loaded(Outcome::kUnchanged, {}, kStart + 5), IsEmpty());
  EXPECT_EQ(reloader.counters().unchanged, 1u);
}

TEST(Reloader, AFailureIsSaidOnceAndTriedAgainMoreAndMoreSlowly) {
  Reloader reloader = Make();
  int64_t now = kStart;
  reloader.Requested(now);
  ASSERT_EQ(reloader.Next(now), Action::kLoad);
  const auto reports = reloader.Loaded(Outcome::kFailed, Refused("key /x does not fit /y"), now);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].problem.reason, "key /x does not fit /y");
  EXPECT_EQ(reports[0].level, Level::kError);
  EXPECT_EQ(reloader.last_error(), "key /x does not fit /y");
  EXPECT_TRUE(reloader.pending());
  for (int64_t wait : {500, 1'000, 2'000, 4'000, 8'000, 16'000, 30'000, 30'000}) {
    ASSERT_EQ(reloader.NextWakeup(), now + wait);
    now += wait;
    ASSERT_EQ(reloader.Next(now), Action::kLoad);
    EXPECT_THAT(reloader.Loaded(Outcome::kFailed, Refused("key /x does not fit /y"), now),
                IsEmpty());
  }
  EXPECT_EQ(reloader.counters().failure, 9u);
  now = *reloader.NextWakeup();
  ASSERT_EQ(reloader.Next(now), Action::kLoad);
  EXPECT_EQ(reloader.Loaded(Outcome::kFailed, Refused("another reason"), now).size(), 1u);
}

TEST(Reloader, AChangeAfterAFailureStartsTheWaitingAnew) {
  Reloader reloader = Make();
  int64_t now = kStart;
  reloader.Requested(now);
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(reloader.Next(now), Action::kLoad);
    reloader.Loaded(Outcome::kFailed, Refused("torn"), now);
    now = *reloader.NextWakeup();
  }
  now -= 1'000;
  reloader.FilesEvent(now);
  ASSERT_EQ(reloader.Next(now + 100), Action::kLook);
  reloader.Looked(true, now + 100);
  ASSERT_EQ(reloader.Next(now + 100), Action::kLoad);
  reloader.Loaded(Outcome::kFailed, Refused("torn"), now + 100);
  EXPECT_EQ(reloader.NextWakeup(), now + 600);
}

TEST(Reloader, FilesThatReturnToWhatIsServedEndTheFailure) {
  Reloader reloader = Make();
  reloader.Requested(kStart);
  reloader.Next(kStart);
  reloader.Loaded(Outcome::kFailed, Refused("torn"), kStart);
  ASSERT_EQ(reloader.Next(kStart + 500), Action::kLoad);
  EXPECT_THAT(reloader.Loaded(Outcome::kUnchanged, {}, kStart + 500), IsEmpty());
  EXPECT_FALSE(reloader.pending());
  EXPECT_EQ(reloader.last_error(), "");
  EXPECT_EQ(reloader.Next(kStart + 600), Action::kNothing);
}

TEST(Reloader, WhatMayPassIsAnErrorOnlyOnceItHasLasted) {
  Reloader reloader = Make();
  int64_t now = kStart;
  reloader.Requested(now);
  std::vector<std::pair<int64_t, Level>> said;
  while (now <= kStart + 120'000) {
    ASSERT_EQ(reloader.Next(now), Action::kLoad);
    for (const auto& report : reloader.Loaded(Outcome::kFailed, Torn("public"), now)) {
      said.emplace_back(now - kStart, report.level);
    }
    now = *reloader.NextWakeup();
  }
  EXPECT_EQ(said, (std::vector<std::pair<int64_t, Level>>{
                      {0, Level::kInfo}, {3'500, Level::kWarning}, {15'500, Level::kError}}));
}

TEST(Reloader, AnotherReasonIsSaidAtTheLevelThatTheTroubleHasReached) {
  Reloader reloader = Make();
  reloader.Loaded(Outcome::kFailed, Torn("public", "empty"), kStart);
  const auto later = reloader.Loaded(Outcome::kFailed, Torn("public", "cut off"), kStart + 4'000);
  ASSERT_EQ(later.size(), 1u);
  EXPECT_EQ(later[0].level, Level::kWarning);
}

TEST(Reloader, EachListenersTroubleHasItsOwnTime) {
  Reloader reloader = Make();
  reloader.Loaded(Outcome::kFailed, Torn("old"), kStart);
  reloader.Loaded(Outcome::kFailed, Torn("old"), kStart + 20'000);
  Problems both = Torn("old");
  both.push_back(Torn("new")[0]);
  const auto reports = reloader.Loaded(Outcome::kSwapped, both, kStart + 20'500);
  ASSERT_EQ(reports.size(), 1u) << "of the old one nothing is new";
  EXPECT_EQ(reports[0].problem.listener, "new");
  EXPECT_EQ(reports[0].level, Level::kInfo);
  EXPECT_THAT(reloader.last_error(), HasSubstr("listener 'old'"));
  EXPECT_THAT(reloader.last_error(), HasSubstr("listener 'new'"));
  EXPECT_TRUE(reloader.pending()) << "though another listener has taken up its files";
  EXPECT_TRUE(reloader.NextWakeup().has_value());
}

TEST(Reloader, WhoAsksByASignalIsToldAgain) {
  Reloader reloader = Make();
  reloader.Loaded(Outcome::kFailed, Torn("public"), kStart);
  EXPECT_THAT(reloader.Loaded(Outcome::kFailed, Torn("public"), kStart + 500), IsEmpty());
  reloader.Requested(kStart + 600, true);
  ASSERT_EQ(reloader.Next(kStart + 600), Action::kLoad);
  EXPECT_EQ(reloader.Loaded(Outcome::kFailed, Torn("public"), kStart + 600).size(), 1u);
  EXPECT_THAT(reloader.Loaded(Outcome::kFailed, Torn("public"), kStart + 700), IsEmpty());
}

}  // namespace
}  // namespace mantlet::certs
