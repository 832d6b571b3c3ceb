#include "proxy/session/load_shedder.h"

#include <gtest/gtest.h>

#include <chrono>

namespace mantlet::session {
namespace {

using Change = LoadShedder::Change;

class LoadShedderTest : public testing::Test {
 protected:
  LoadShedderTest() {
    shedder_.SetTarget(config::Milliseconds(50));
    Intervals(1, 1);  // the first one has no beginning
  }

  // `count` intervals with a shortest turn of `shortest_ms`, of which the thread ran for `percent`.
  Change Intervals(int count, int64_t shortest_ms, int64_t percent = 100) {
    Change last = Change::kNone;
    for (int i = 0; i < count; ++i) {
      now_ms_ += LoadShedder::kIntervalMs;
      cpu_us_ += LoadShedder::kIntervalMs * percent * 10;
      EXPECT_TRUE(shedder_.IsDue(now_ms_, LoadShedder::kLeastTurns));
      const Change change = shedder_.EndInterval(now_ms_, shortest_ms, cpu_us_);
      if (change != Change::kNone) last = change;
    }
    return last;
  }
  int RefusedHandshakes() {
    int refused = 0;
    for (int i = 0; i < 1000; ++i) refused += shedder_.RefusesHandshake() ? 1 : 0;
    return refused;
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

TEST_F(LoadShedderTest, RefusesHandshakesFirstAndThenRequests) {
  EXPECT_EQ(Intervals(4, 100), Change::kBegins);
  EXPECT_EQ(RefusedHandshakes(), 250);
  EXPECT_EQ(RefusedRequests(), 0);
  Intervals(3, 100);
  EXPECT_EQ(RefusedHandshakes(), 900) << "some are always let in";
  EXPECT_EQ(RefusedRequests(), 0);
  Intervals(2, 100);
  EXPECT_EQ(RefusedRequests(), 500);
  Intervals(20, 100);
  EXPECT_EQ(RefusedRequests(), 900) << "some are always let in";
  EXPECT_EQ(shedder_.refused(), 250u + 900 + 500 + 900);
}

TEST_F(LoadShedderTest, LetsAllInAgain) {
  Intervals(20, 100);
  EXPECT_EQ(Intervals(100, 10), Change::kEnds);
  EXPECT_EQ(RefusedHandshakes() + RefusedRequests(), 0);
}

TEST_F(LoadShedderTest, AStallIsNoOverload) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Intervals(3, 200), Change::kNone);
    EXPECT_EQ(Intervals(1, 1), Change::kNone);
  }
  EXPECT_EQ(RefusedHandshakes(), 0);
}

TEST_F(LoadShedderTest, AWorkerThatHardlyRunsIsNotOverloaded) {
  EXPECT_EQ(Intervals(100, 200, 19), Change::kNone);
  EXPECT_EQ(Intervals(4, 200, 21), Change::kBegins);
}

TEST_F(LoadShedderTest, AnIntervalNeedsSeveralTurns) {
  Intervals(1, 1);
  EXPECT_FALSE(shedder_.IsDue(now_ms_ + LoadShedder::kIntervalMs, LoadShedder::kLeastTurns - 1));
  EXPECT_FALSE(shedder_.IsDue(now_ms_ + LoadShedder::kIntervalMs - 1, 100));
}

TEST_F(LoadShedderTest, IsOffWithATargetOfZero) {
  Intervals(20, 100);
  shedder_.SetTarget(config::Milliseconds(0));
  EXPECT_FALSE(shedder_.IsDue(now_ms_ + 10'000, 100));
  EXPECT_EQ(RefusedHandshakes() + RefusedRequests(), 0);
  shedder_.SetTarget(config::kAutoDuration);
  EXPECT_EQ(shedder_.target_ms(), LoadShedder::kAutomaticTargetMs);
}

}  // namespace
}  // namespace mantlet::session
