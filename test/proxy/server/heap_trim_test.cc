#include "proxy/server/heap_trim.h"

#include "gtest/gtest.h"
#include "test/proxy/io/loop_driver.h"

namespace mantlet::server {
namespace {

class HeapTrimTest : public testing::Test {
 protected:
  // Returns whether the heap has been trimmed `times` times, without waiting.
  bool AtOnce(int times) {
    io::RunReady(loop_);
    return trims_ == times;
  }

  io::Loop loop_;
  base::ManualClock clock_;
  int trims_ = 0;
  int64_t takes_us_ = 100;
  HeapTrim heap_{loop_, clock_, [this] {
                   ++trims_;
                   clock_.AdvanceUs(takes_us_);
                 }};
};

TEST_F(HeapTrimTest, AFewThatGoAreNotWorthIt) {
  heap_.SetOpen(5000);
  heap_.SetOpen(5000 - HeapTrim::kWorthwhile + 1);
  heap_.SetOpen(5000);
  EXPECT_EQ(loop_.timers().size(), 0u);
  EXPECT_TRUE(AtOnce(0));
}

TEST_F(HeapTrimTest, MoreThatGoAreWaitedForAMoment) {
  heap_.SetOpen(100);
  heap_.SetOpen(0);
  EXPECT_TRUE(AtOnce(0));
  EXPECT_TRUE(io::RunUntil(loop_, [&] { return trims_ == 1; }));
  EXPECT_EQ(loop_.timers().size(), 0u) << "once is enough";
}

TEST_F(HeapTrimTest, ManyThatGoAreNotWaitedFor) {
  heap_.SetOpen(HeapTrim::kStep);
  heap_.SetOpen(0);
  EXPECT_EQ(trims_, 0) << "not before what has gone is freed";
  EXPECT_TRUE(AtOnce(1));
}

TEST_F(HeapTrimTest, MemoryThatIsUsedAgainIsKept) {
  heap_.SetOpen(500);
  heap_.SetOpen(0);
  heap_.SetOpen(500);
  bool over = false;
  base::FunctionTimer moment([&] { over = true; });
  loop_.ArmIn(moment, HeapTrim::kMomentMs + 200);
  EXPECT_TRUE(io::RunUntil(loop_, [&] { return over; }));
  EXPECT_EQ(trims_, 0);
}

TEST_F(HeapTrimTest, EachStepIsCountedFromTheLast) {
  heap_.SetOpen(3 * HeapTrim::kStep);
  heap_.SetOpen(2 * HeapTrim::kStep);
  EXPECT_TRUE(AtOnce(1));
  clock_.AdvanceMs(1000);
  heap_.SetOpen(HeapTrim::kStep + 1);
  EXPECT_TRUE(AtOnce(1));
  heap_.SetOpen(HeapTrim::kStep);
  EXPECT_TRUE(AtOnce(2));
}

TEST_F(HeapTrimTest, NoMoreThanItsShareOfTheTimeIsTaken) {
  takes_us_ = 500;
  heap_.SetOpen(10 * HeapTrim::kStep);
  heap_.SetOpen(9 * HeapTrim::kStep);
  EXPECT_TRUE(AtOnce(1));
  heap_.SetOpen(8 * HeapTrim::kStep);
  EXPECT_TRUE(AtOnce(1)) << "too soon after the last";
  clock_.AdvanceUs(takes_us_ * HeapTrim::kShare);
  heap_.SetOpen(8 * HeapTrim::kStep - 1);
  EXPECT_TRUE(AtOnce(2));
}

TEST_F(HeapTrimTest, NothingWaitsForEver) {
  takes_us_ = 60'000'000;
  heap_.SetOpen(10 * HeapTrim::kStep);
  heap_.SetOpen(9 * HeapTrim::kStep);
  EXPECT_TRUE(AtOnce(1));
  clock_.AdvanceUs(HeapTrim::kLongestWaitUs);
  heap_.SetOpen(7 * HeapTrim::kStep);
  EXPECT_TRUE(AtOnce(2));
}

TEST_F(HeapTrimTest, ALargeHeapIsTrimmedInFewerSteps) {
  takes_us_ = HeapTrim::kLongUs + 1;
  heap_.SetOpen(10 * HeapTrim::kStep);
  heap_.SetOpen(9 * HeapTrim::kStep);
  EXPECT_TRUE(AtOnce(1));
  clock_.AdvanceMs(60'000);
  heap_.SetOpen(8 * HeapTrim::kStep);
  EXPECT_TRUE(AtOnce(1));
  heap_.SetOpen(7 * HeapTrim::kStep);
  EXPECT_TRUE(AtOnce(2));
}

}  // namespace
}  // namespace mantlet::server
