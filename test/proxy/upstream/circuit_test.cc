#include "proxy/upstream/circuit.h"

#include <algorithm>
#include <cstdint>

#include "gtest/gtest.h"

namespace mantlet::upstream {
namespace {

class CircuitTest : public testing::Test {
 protected:
  void Open() {
    for (int i = 0; i < Circuit::kFailures; ++i) circuit_.OnFailure(now_ms_, 0);
  }
  // Fails trials until `until_ms`, and returns their number.
  int FailTrialsUntil(int64_t until_ms) {
    int trials = 0;
    for (; circuit_.trial_at_ms() < until_ms; ++trials) {
      now_ms_ = circuit_.trial_at_ms();
      circuit_.OnTrialFailure(now_ms_, 0);
    }
    return trials;
  }

  Circuit circuit_;
  int64_t now_ms_ = 1'000'000;
};

TEST_F(CircuitTest, OpensWithTheFifthFailureInARow) {
  for (int i = 1; i < Circuit::kFailures; ++i) EXPECT_FALSE(circuit_.OnFailure(now_ms_ + i, 0));
  EXPECT_FALSE(circuit_.is_open());
  EXPECT_TRUE(circuit_.OnFailure(now_ms_ + 100, 0));
  EXPECT_TRUE(circuit_.is_open());
  EXPECT_EQ(circuit_.failing_since_ms(), now_ms_ + 1) << "the first failure";
  EXPECT_FALSE(circuit_.OnFailure(now_ms_ + 200, 0)) << "it is open already";
}

TEST_F(CircuitTest, StaysClosedWhileSomeConnectionsSucceed) {
  for (int i = 0; i < 100; ++i) {
    for (int failure = 1; failure < Circuit::kFailures; ++failure) circuit_.OnFailure(now_ms_, 0);
    EXPECT_FALSE(circuit_.OnSuccess());
  }
  EXPECT_FALSE(circuit_.is_open());
}

TEST_F(CircuitTest, ClosesWithTheFirstSuccessAndForgetsTheFailures) {
  Open();
  FailTrialsUntil(now_ms_ + 20'000);
  EXPECT_TRUE(circuit_.OnSuccess());
  EXPECT_FALSE(circuit_.is_open());
  circuit_.OnFailure(now_ms_, 0);
  EXPECT_FALSE(circuit_.is_open());
  Open();
  EXPECT_EQ(circuit_.trial_at_ms(), now_ms_ + Circuit::kFirstPauseMs) << "the pauses begin again";
}

TEST_F(CircuitTest, AnAddressThatComesBackIsTriedAfterATenthOfItsAbsence) {
  Open();
  const int64_t begin_ms = now_ms_;
  for (int i = 0; i < 30; ++i) {
    const int64_t absent_ms = now_ms_ - begin_ms;
    EXPECT_LE(circuit_.trial_at_ms() - now_ms_, Circuit::kFirstPauseMs + absent_ms / 10);
    now_ms_ = circuit_.trial_at_ms();
    circuit_.OnTrialFailure(now_ms_, 0);
  }
}

TEST_F(CircuitTest, TrialsAreFewAndBecomeRare) {
  Open();
  const int64_t begin_ms = now_ms_;
  EXPECT_LE(FailTrialsUntil(begin_ms + 1'000), 12);
  FailTrialsUntil(begin_ms + 60'000);
  EXPECT_EQ(FailTrialsUntil(now_ms_ + 20'001), 10) << "one in two seconds";
}

TEST_F(CircuitTest, TheRandomPartOnlyShortensThePauseAndByATenth) {
  int64_t least = INT64_MAX;
  int64_t most = 0;
  for (uint32_t random = 0; random < 1'000; ++random) {
    circuit_.OnSuccess();
    for (int i = 0; i < Circuit::kFailures; ++i) circuit_.OnFailure(now_ms_, random);
    least = std::min(least, circuit_.trial_at_ms() - now_ms_);
    most = std::max(most, circuit_.trial_at_ms() - now_ms_);
  }
  EXPECT_EQ(least, Circuit::kFirstPauseMs * 9 / 10);
  EXPECT_EQ(most, Circuit::kFirstPauseMs);
}

}  // namespace
}  // namespace mantlet::upstream
