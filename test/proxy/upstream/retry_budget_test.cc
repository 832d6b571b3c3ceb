#include "proxy/upstream/retry_budget.h"

#include "gtest/gtest.h"

namespace mantlet::upstream {
namespace {

class RetryBudgetTest : public testing::Test {
 protected:
  void Requests(uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) budget_.CountRequest(now_ms_);
  }
  // Returns how many retries are permitted now.
  uint64_t Permitted() {
    uint64_t count = 0;
    while (count < 1'000'000 && budget_.TryAcquire(now_ms_)) ++count;
    return count;
  }

  RetryBudget budget_;
  int64_t now_ms_ = 123'456;
};

TEST_F(RetryBudgetTest, PermitsAFifthOfTheRequests) {
  Requests(1'000);
  EXPECT_EQ(Permitted(), 200u);
  EXPECT_EQ(Permitted(), 0u);
  Requests(10);
  EXPECT_EQ(Permitted(), 2u);
}

TEST_F(RetryBudgetTest, PermitsAFewWithoutTraffic) {
  EXPECT_EQ(Permitted(), RetryBudget::kFloor);
  Requests(1);
  EXPECT_EQ(Permitted(), 0u) << "the floor is not added to the share";
}

TEST_F(RetryBudgetTest, RequestsCountForTenSeconds) {
  Requests(1'000);
  now_ms_ += RetryBudget::kWindowMs - RetryBudget::kStepMs;
  EXPECT_EQ(Permitted(), 200u);
  now_ms_ += RetryBudget::kStepMs;  // the requests have left the window, the retries have not
  EXPECT_EQ(Permitted(), 0u);
  now_ms_ += RetryBudget::kWindowMs - RetryBudget::kStepMs;
  EXPECT_EQ(Permitted(), RetryBudget::kFloor);
}

TEST_F(RetryBudgetTest, TheWindowMovesOnInSteps) {
  for (int second = 0; second < 30; ++second, now_ms_ += RetryBudget::kStepMs) Requests(100);
  now_ms_ -= RetryBudget::kStepMs;
  EXPECT_EQ(Permitted(), 200u) << "of the last ten seconds, not of thirty";
}

TEST_F(RetryBudgetTest, ALongSilenceForgetsAll) {
  Requests(1'000);
  EXPECT_EQ(Permitted(), 200u);
  now_ms_ += 86'400'000;
  EXPECT_EQ(Permitted(), RetryBudget::kFloor);
}

TEST_F(RetryBudgetTest, AClockThatStandsStillOrJumpsBackDoesNoHarm) {
  Requests(1'000);
  now_ms_ -= 5'000;
  Requests(1'000);
  EXPECT_EQ(Permitted(), 400u);
}

}  // namespace
}  // namespace mantlet::upstream
