#include "proxy/server/reload_schedule.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mantlet::server {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Action = ReloadSchedule::Action;

using Level = ReloadSchedule::Level;
using Problems = std::vector<ReloadSchedule::Problem>;

constexpr int64_t kStart = 1'000'000;

Problems Refused(const std::string& reason) { return {{"", reason, false}}; }
Problems Torn(const std::string& listener, const std::string& reason = "torn") {
  return {{listener, reason, true}};
}

ReloadSchedule Make() { return ReloadSchedule(ReloadSchedule::Options(), kStart); }

TEST(ReloadSchedule, RestsUntilThePeriodicPoll) {
  ReloadSchedule schedule = Make();
  EXPECT_EQ(schedule.NextWakeup(), kStart + 30'000);
  EXPECT_EQ(schedule.Next(kStart + 29'999), Action::kNothing);
  EXPECT_EQ(schedule.Next(kStart + 30'000), Action::kPoll);
  EXPECT_EQ(schedule.Next(kStart + 30'000), Action::kNothing);
  EXPECT_EQ(schedule.NextWakeup(), std::nullopt) << "the poll has not ended";
  schedule.OnPolled(false, kStart + 30'000);
  EXPECT_EQ(schedule.NextWakeup(), kStart + 60'000);
}

TEST(ReloadSchedule, WithoutAnIntervalItSleepsUntilAnEvent) {
  ReloadSchedule schedule(ReloadSchedule::Options{.interval_ms = 0}, kStart);
  EXPECT_EQ(schedule.NextWakeup(), std::nullopt);
  schedule.SetInterval(5'000, kStart);
  EXPECT_EQ(schedule.NextWakeup(), kStart + 5'000);
}

TEST(ReloadSchedule, LetsABurstOfEventsSettleButNotForever) {
  ReloadSchedule schedule = Make();
  for (int64_t t = 0; t <= 1'500; t += 50) {
    schedule.OnFileEvent(kStart + t);
    if (t < 1'000) {
      EXPECT_EQ(schedule.Next(kStart + t), Action::kNothing) << t;
    }
    if (t == 1'000) {
      EXPECT_EQ(schedule.Next(kStart + t), Action::kPoll);
    }
  }
  ReloadSchedule single = Make();
  single.OnFileEvent(kStart);
  EXPECT_EQ(single.NextWakeup(), kStart + 100);
  EXPECT_EQ(single.Next(kStart + 100), Action::kPoll);
}

TEST(ReloadSchedule, APollWithoutAChangeLoadsNothing) {
  ReloadSchedule schedule = Make();
  schedule.OnFileEvent(kStart);
  EXPECT_EQ(schedule.Next(kStart + 100), Action::kPoll);
  schedule.OnPolled(false, kStart + 100);
  EXPECT_FALSE(schedule.pending());
  EXPECT_EQ(schedule.Next(kStart + 100), Action::kNothing);
}

TEST(ReloadSchedule, AChangeIsPendingUntilItIsSwappedIn) {
  ReloadSchedule schedule = Make();
  schedule.OnFileEvent(kStart);
  schedule.Next(kStart + 100);
  schedule.OnPolled(true, kStart + 100);
  EXPECT_TRUE(schedule.pending());
  EXPECT_EQ(schedule.Next(kStart + 100), Action::kLoad);
  EXPECT_TRUE(schedule.pending());
  EXPECT_THAT(schedule.OnLoaded({}, kStart + 110), IsEmpty());
  EXPECT_FALSE(schedule.pending());
}

TEST(ReloadSchedule, ARequestLoadsWithoutAPoll) {
  ReloadSchedule schedule = Make();
  schedule.OnRequested(kStart + 5);
  EXPECT_EQ(schedule.NextWakeup(), kStart + 5);
  EXPECT_EQ(schedule.Next(kStart + 5), Action::kLoad);
  EXPECT_THAT(schedule.OnLoaded({}, kStart + 5), IsEmpty());
}

TEST(ReloadSchedule, AFailureIsReportedOnceAndRetriedWithGrowingDelay) {
  ReloadSchedule schedule = Make();
  int64_t now = kStart;
  schedule.OnRequested(now);
  ASSERT_EQ(schedule.Next(now), Action::kLoad);
  const auto reports = schedule.OnLoaded(Refused("key /x does not fit /y"), now);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].problem.reason, "key /x does not fit /y");
  EXPECT_EQ(reports[0].level, Level::kError);
  EXPECT_EQ(schedule.last_error(), "key /x does not fit /y");
  EXPECT_TRUE(schedule.pending());
  for (int64_t wait : {500, 1'000, 2'000, 4'000, 8'000, 16'000, 30'000, 30'000}) {
    ASSERT_EQ(schedule.NextWakeup(), now + wait);
    now += wait;
    ASSERT_EQ(schedule.Next(now), Action::kLoad);
    EXPECT_THAT(schedule.OnLoaded(Refused("key /x does not fit /y"), now), IsEmpty());
  }
  now = *schedule.NextWakeup();
  ASSERT_EQ(schedule.Next(now), Action::kLoad);
  EXPECT_EQ(schedule.OnLoaded(Refused("another reason"), now).size(), 1u);
}

TEST(ReloadSchedule, AChangeAfterAFailureRestartsTheRetryDelay) {
  ReloadSchedule schedule = Make();
  int64_t now = kStart;
  schedule.OnRequested(now);
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(schedule.Next(now), Action::kLoad);
    schedule.OnLoaded(Refused("torn"), now);
    now = *schedule.NextWakeup();
  }
  now -= 1'000;
  schedule.OnFileEvent(now);
  ASSERT_EQ(schedule.Next(now + 100), Action::kPoll);
  schedule.OnPolled(true, now + 100);
  ASSERT_EQ(schedule.Next(now + 100), Action::kLoad);
  schedule.OnLoaded(Refused("torn"), now + 100);
  EXPECT_EQ(schedule.NextWakeup(), now + 600);
}

TEST(ReloadSchedule, FilesThatReturnToTheirServedStateEndTheFailure) {
  ReloadSchedule schedule = Make();
  schedule.OnRequested(kStart);
  schedule.Next(kStart);
  schedule.OnLoaded(Refused("torn"), kStart);
  ASSERT_EQ(schedule.Next(kStart + 500), Action::kLoad);
  EXPECT_THAT(schedule.OnLoaded({}, kStart + 500), IsEmpty());
  EXPECT_FALSE(schedule.pending());
  EXPECT_EQ(schedule.last_error(), "");
  EXPECT_EQ(schedule.Next(kStart + 600), Action::kNothing);
}

TEST(ReloadSchedule, ATemporaryProblemBecomesAnErrorOnlyAfterSomeTime) {
  ReloadSchedule schedule = Make();
  int64_t now = kStart;
  schedule.OnRequested(now);
  std::vector<std::pair<int64_t, Level>> said;
  while (now <= kStart + 120'000) {
    ASSERT_EQ(schedule.Next(now), Action::kLoad);
    for (const auto& report : schedule.OnLoaded(Torn("public"), now)) {
      said.emplace_back(now - kStart, report.level);
    }
    now = *schedule.NextWakeup();
  }
  EXPECT_EQ(said, (std::vector<std::pair<int64_t, Level>>{
                      {0, Level::kInfo}, {3'500, Level::kWarning}, {15'500, Level::kError}}));
}

TEST(ReloadSchedule, AnotherReasonIsReportedAtTheCurrentLevel) {
  ReloadSchedule schedule = Make();
  schedule.OnLoaded(Torn("public", "empty"), kStart);
  const auto later = schedule.OnLoaded(Torn("public", "cut off"), kStart + 4'000);
  ASSERT_EQ(later.size(), 1u);
  EXPECT_EQ(later[0].level, Level::kWarning);
}

TEST(ReloadSchedule, EachListenersTroubleHasItsOwnTime) {
  ReloadSchedule schedule = Make();
  schedule.OnLoaded(Torn("old"), kStart);
  schedule.OnLoaded(Torn("old"), kStart + 20'000);
  Problems both = Torn("old");
  both.push_back(Torn("new")[0]);
  const auto reports = schedule.OnLoaded(both, kStart + 20'500);
  ASSERT_EQ(reports.size(), 1u) << "of the old one nothing is new";
  EXPECT_EQ(reports[0].problem.listener, "new");
  EXPECT_EQ(reports[0].level, Level::kInfo);
  EXPECT_THAT(schedule.last_error(), HasSubstr("listener 'old'"));
  EXPECT_THAT(schedule.last_error(), HasSubstr("listener 'new'"));
  EXPECT_TRUE(schedule.pending()) << "though another listener has taken up its files";
  EXPECT_TRUE(schedule.NextWakeup().has_value());
}

TEST(ReloadSchedule, ASignalReportsProblemsAgain) {
  ReloadSchedule schedule = Make();
  schedule.OnLoaded(Torn("public"), kStart);
  EXPECT_THAT(schedule.OnLoaded(Torn("public"), kStart + 500), IsEmpty());
  schedule.OnRequested(kStart + 600, true);
  ASSERT_EQ(schedule.Next(kStart + 600), Action::kLoad);
  EXPECT_EQ(schedule.OnLoaded(Torn("public"), kStart + 600).size(), 1u);
  EXPECT_THAT(schedule.OnLoaded(Torn("public"), kStart + 700), IsEmpty());
}

TEST(ReloadSchedule, WhatBecomesDueDuringALoadIsDueAfterIt) {
  ReloadSchedule schedule({}, kStart);
  schedule.OnRequested(kStart);
  ASSERT_EQ(schedule.Next(kStart), Action::kLoad);
  schedule.OnRequested(kStart + 10, /*by_signal=*/true);
  schedule.OnFileEvent(kStart + 20);
  EXPECT_EQ(schedule.Next(kStart + 60'000), Action::kNothing) << "one load at a time";
  EXPECT_EQ(schedule.NextWakeup(), std::nullopt);
  EXPECT_EQ(schedule.OnLoaded(Torn("public"), kStart + 60'000).size(), 1u);
  ASSERT_EQ(schedule.Next(kStart + 60'000), Action::kLoad);
  EXPECT_EQ(schedule.OnLoaded(Torn("public"), kStart + 60'001).size(), 1u) << "after the signal";
  EXPECT_EQ(schedule.Next(kStart + 60'001), Action::kNothing)
      << "the second load has read what the event announced";
}

TEST(ReloadSchedule, AnEventDuringAPollCausesAnother) {
  ReloadSchedule schedule({}, kStart);
  schedule.OnFileEvent(kStart);
  ASSERT_EQ(schedule.Next(kStart + 100), Action::kPoll);
  schedule.OnFileEvent(kStart + 150);
  schedule.OnPolled(false, kStart + 1'000);
  EXPECT_EQ(schedule.Next(kStart + 1'000), Action::kPoll);
}

}  // namespace
}  // namespace mantlet::server
