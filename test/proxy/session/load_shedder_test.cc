#include "proxy/session/load_shedder.h"

#include <gtest/gtest.h>

#include <chrono>

namespace mantlet::session {
namespace {

using Change = LoadShedder::Change;

// What happens in each of several intervals.
struct Load {
  int64_t turn_ms = 100, queue_ms = 0;
  int64_t busy_percent = 100, cpu_percent = 100;
};
constexpr Load kCalm = {.turn_ms = 1, .busy_percent = 50};

class LoadShedderTest : public testing::Test {
 protected:
  static constexpr int64_t kTargetMs = 40;
  static constexpr int64_t kTurnMs = kTargetMs / LoadShedder::kTurns;

  LoadShedderTest() {
    shedder_.SetTarget(config::Milliseconds(kTargetMs));
    Intervals(1, kCalm);  // the first one has no beginning
  }

  // `count` intervals; returns what the last change was.
  Change Intervals(int count, const Load& load) {
    Change last = Change::kNone;
    for (int i = 0; i < count; ++i) {
      now_ms_ += LoadShedder::kIntervalMs;
      cpu_us_ += LoadShedder::kIntervalMs * load.cpu_percent * 10;
      EXPECT_TRUE(shedder_.IsDue(now_ms_));
      const Change change =
          shedder_.EndInterval({.now_ms = now_ms_,
                                .busy_ms = LoadShedder::kIntervalMs * load.busy_percent / 100,
                                .turn_ms = load.turn_ms,
                                .queue_ms = load.queue_ms,
                                .cpu_us = cpu_us_});
      if (change != Change::kNone) last = change;
    }
    return last;
  }
  void Overload() { ASSERT_EQ(Intervals(LoadShedder::kIntervals, {}), Change::kBegins); }
  // Returns how many of `count` connections are accepted in a turn of `turn_ms`.
  int AcceptedInTurn(int64_t turn_ms, int count = 1000) {
    int accepted = 0;
    for (int i = 0; i < count; ++i) accepted += shedder_.RefusesConnection() ? 0 : 1;
    shedder_.EndTurn(turn_ms);
    return accepted;
  }
  int RefusedRequests() {
    int refused = 0;
    for (int i = 0; i < 1000; ++i) refused += shedder_.RefusesRequest() ? 1 : 0;
    return refused;
  }

  LoadShedder shedder_;
  int64_t now_ms_ = 1'000'000;
  int64_t cpu_us_ = 7'000'000;
};

TEST_F(LoadShedderTest, AcceptsAsManyConnectionsAsATurnHasTimeFor) {
  EXPECT_EQ(AcceptedInTurn(100), 1000);
  Overload();
  // A connection takes half a millisecond.
  int accepted = AcceptedInTurn(8);
  EXPECT_LT(accepted, 1000);
  for (int i = 0; i < 100; ++i) accepted = AcceptedInTurn(accepted / 2);
  EXPECT_GE(accepted, kTurnMs * 2 - 2);
  EXPECT_LE(accepted, kTurnMs * 2 + 2);
  EXPECT_GT(shedder_.refused(), 90'000u);
}

TEST_F(LoadShedderTest, OneLongTurnHalvesTheNumberAtMost) {
  Overload();
  const int before = AcceptedInTurn(kTurnMs);
  AcceptedInTurn(1000);
  EXPECT_GE(AcceptedInTurn(kTurnMs), before / 2);
}

TEST_F(LoadShedderTest, SomeConnectionsAreAlwaysAccepted) {
  Overload();
  for (int i = 0; i < 100; ++i) AcceptedInTurn(1000);
  EXPECT_EQ(AcceptedInTurn(1000), 1);
}

TEST_F(LoadShedderTest, DoesNotAcceptMoreThanBeforeAfterTurnsWithFew) {
  Overload();
  for (int i = 0; i < 100; ++i) AcceptedInTurn(1, 1);
  EXPECT_LT(AcceptedInTurn(1), 30) << "a burst would find an open door";
}

TEST_F(LoadShedderTest, RefusesRequestsIfThereAreNoConnectionsToRefuse) {
  Overload();
  EXPECT_EQ(RefusedRequests(), 0);
  Intervals(1, {.turn_ms = 4 * kTargetMs});
  EXPECT_EQ(RefusedRequests(), 100);
  AcceptedInTurn(1);  // with refusals
  Intervals(1, {.turn_ms = 4 * kTargetMs});
  EXPECT_EQ(RefusedRequests(), 100) << "connections first";
}

TEST_F(LoadShedderTest, TheShareOfRequestsGrowsWhileRequestsAreRefused) {
  Overload();
  Intervals(1, {.turn_ms = 4 * kTargetMs});
  EXPECT_EQ(RefusedRequests(), 100);
  Intervals(1, {.turn_ms = 4 * kTargetMs});
  EXPECT_EQ(RefusedRequests(), 200) << "they are not refused connections";
}

TEST_F(LoadShedderTest, TheShareOfRequestsFollowsTheMeasure) {
  Overload();
  Intervals(1, {.turn_ms = 100 * kTargetMs});
  EXPECT_EQ(RefusedRequests(), 250);
  Intervals(1, {.turn_ms = kTargetMs});
  EXPECT_EQ(RefusedRequests(), 240) << "a little more is let in";
  Intervals(1, {.turn_ms = kTargetMs, .busy_percent = 80});
  EXPECT_EQ(RefusedRequests(), 190) << "much more, as the loop has time to spare";
}

TEST_F(LoadShedderTest, SomeRequestsAreAlwaysServed) {
  Overload();
  Intervals(50, {.turn_ms = 100 * kTargetMs});
  EXPECT_EQ(RefusedRequests(), 900);
}

TEST_F(LoadShedderTest, LetsAllInAgain) {
  Overload();
  Intervals(10, {});
  EXPECT_EQ(Intervals(100, kCalm), Change::kEnds);
  EXPECT_EQ(AcceptedInTurn(100), 1000);
  EXPECT_EQ(RefusedRequests(), 0);
  // And begins as carefully as at first.
  EXPECT_EQ(Intervals(LoadShedder::kIntervals - 1, {}), Change::kNone);
}

TEST_F(LoadShedderTest, IsNotOverWhileConnectionsAreRefused) {
  Overload();
  for (int i = 0; i < 50; ++i) {
    EXPECT_LT(AcceptedInTurn(2 * kTurnMs), 1000);
    EXPECT_EQ(Intervals(1, {.turn_ms = kTurnMs}), Change::kNone);
  }
}

TEST_F(LoadShedderTest, ABurstIsNoOverload) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Intervals(LoadShedder::kIntervals - 1, {.turn_ms = 200, .queue_ms = 400}),
              Change::kNone);
    EXPECT_EQ(Intervals(1, kCalm), Change::kNone);
  }
}

TEST_F(LoadShedderTest, AQueueOfConnectionsThatStandsIsOverload) {
  EXPECT_EQ(Intervals(LoadShedder::kIntervals, {.turn_ms = 5, .queue_ms = 400, .busy_percent = 60}),
            Change::kBegins);
}

TEST_F(LoadShedderTest, ALoopThatWaitsForEventsIsNotOverloaded) {
  EXPECT_EQ(Intervals(100, {.turn_ms = 90, .busy_percent = 89}), Change::kNone);
}

TEST_F(LoadShedderTest, ABusyLoopWhoseEventsWaitForAShortTimeIsNotOverloaded) {
  EXPECT_EQ(Intervals(100, {.turn_ms = kTargetMs}), Change::kNone);
}

TEST_F(LoadShedderTest, AWorkerThatHardlyRunsIsNotOverloaded) {
  EXPECT_EQ(Intervals(100, {.cpu_percent = 19}), Change::kNone);
  EXPECT_EQ(Intervals(LoadShedder::kIntervals, {.cpu_percent = 21}), Change::kBegins);
}

TEST_F(LoadShedderTest, AWorkerThatUsesItsShareOfAProcessorIsOverloaded) {
  shedder_.SetProcessors(0.1);
  EXPECT_EQ(Intervals(100, {.cpu_percent = 4}), Change::kNone);
  EXPECT_EQ(Intervals(LoadShedder::kIntervals, {.cpu_percent = 6}), Change::kBegins);
}

TEST_F(LoadShedderTest, MoreProcessorsDoNotMatter) {
  shedder_.SetProcessors(4);
  EXPECT_EQ(Intervals(LoadShedder::kIntervals, {.cpu_percent = 21}), Change::kBegins);
}

TEST_F(LoadShedderTest, IsOffWithATargetOfZero) {
  Overload();
  Intervals(20, {});
  shedder_.SetTarget(config::Milliseconds(0));
  EXPECT_FALSE(shedder_.IsDue(now_ms_ + 10'000));
  EXPECT_EQ(AcceptedInTurn(100), 1000);
  EXPECT_EQ(RefusedRequests(), 0);
  shedder_.SetTarget(config::kAutoDuration);
  EXPECT_EQ(shedder_.target_ms(), LoadShedder::kAutomaticTargetMs);
}

}  // namespace
}  // namespace mantlet::session
