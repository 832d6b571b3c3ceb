#include "proxy/upstream/queue_delay.h"

#include <gtest/gtest.h>

namespace mantlet::upstream {
namespace {

constexpr int64_t kTarget = 60;

class QueueDelayTest : public testing::Test {
 protected:
  // Serves a request every `step_ms` for `time_ms`, each of which has waited for `waited_ms`.
  void Serve(int64_t time_ms, int64_t waited_ms, int64_t step_ms = 10) {
    for (const int64_t end = now_ + time_ms; now_ < end; now_ += step_ms) {
      delay_.OnServed(now_, waited_ms, target_);
    }
  }

  QueueDelay delay_;
  int64_t now_ = 1'000'000;
  int64_t target_ = kTarget;
};

TEST_F(QueueDelayTest, AQueueThatDrainsNoMoreStands) {
  Serve(2000, kTarget);
  EXPECT_TRUE(delay_.standing());
}

TEST_F(QueueDelayTest, ItStandsWhileThoseThatAreServedHaveWaitedForHalfOfTheTarget) {
  Serve(2000, 1000);
  Serve(2000, kTarget / 2 + 1);
  EXPECT_TRUE(delay_.standing());
  Serve(300, kTarget / 2);
  EXPECT_FALSE(delay_.standing());
}

TEST_F(QueueDelayTest, ABurstThatIsOverWithinHalfASecondIsNone) {
  Serve(500, 400);
  EXPECT_FALSE(delay_.standing());
  delay_.OnFree();
  Serve(200, 1);
  Serve(500, 400);
  EXPECT_FALSE(delay_.standing());
}

TEST_F(QueueDelayTest, OneShortWaitInEachIntervalIsEnough) {
  for (int i = 0; i < 40; ++i) {
    Serve(QueueDelay::kIntervalMs - 10, 400);
    Serve(10, 1);
  }
  EXPECT_FALSE(delay_.standing());
}

TEST_F(QueueDelayTest, RequestsThatTakeLongAreJudgedAsWell) {
  Serve(20'000, 4000, 2000);
  EXPECT_TRUE(delay_.standing());
}

TEST_F(QueueDelayTest, AFreeConnectionEndsIt) {
  Serve(2000, 1000);
  now_ += QueueDelay::kIntervalMs;
  delay_.OnFree(now_, kTarget);
  EXPECT_FALSE(delay_.standing());
}

TEST_F(QueueDelayTest, ItComesBackSoonIfTheLoadHasOnlyPaused) {
  Serve(2000, 1000);
  Serve(200, 1);
  ASSERT_FALSE(delay_.standing());
  Serve(400, 1000);
  EXPECT_TRUE(delay_.standing());
  Serve(QueueDelay::kRecentMs + 200, 1);
  Serve(400, 1000);
  EXPECT_FALSE(delay_.standing()) << "long ago";
}

TEST_F(QueueDelayTest, ATargetOfZeroIsNone) {
  target_ = 0;
  Serve(2000, 1000);
  EXPECT_FALSE(delay_.standing());
}

TEST_F(QueueDelayTest, TheAutomaticTargetIsTwiceTheTimeOfUse) {
  EXPECT_EQ(delay_.automatic_target_ms(), QueueDelay::kLeastTargetMs);
  for (int i = 0; i < 200; ++i) delay_.OnUsed(20);
  EXPECT_NEAR(static_cast<double>(delay_.automatic_target_ms()), 40, 2);
  for (int i = 0; i < 200; ++i) delay_.OnUsed(0);
  EXPECT_EQ(delay_.automatic_target_ms(), QueueDelay::kLeastTargetMs);
}

TEST_F(QueueDelayTest, ATunnelThatEndsDoesNotChangeTheTargetMuch) {
  for (int i = 0; i < 200; ++i) delay_.OnUsed(20);
  delay_.OnUsed(3'600'000);
  EXPECT_LE(delay_.automatic_target_ms(), 200);
  for (int i = 0; i < 50; ++i) delay_.OnUsed(20);
  EXPECT_LE(delay_.automatic_target_ms(), 55);
}

}  // namespace
}  // namespace mantlet::upstream
