#include "proxy/server/drain.h"

#include <functional>
#include <thread>

#include "gtest/gtest.h"
#include "test/proxy/io/loop_driver.h"

namespace mantlet::server {
namespace {

constexpr int64_t kLongMs = 600'000;

class DrainTest : public testing::Test {
 protected:
  io::Loop loop_;
  std::function<void()> on_empty_;
  int started_ = 0, cuts_ = 0, finished_ = 0;
  Drain drain_{loop_,
               {.start =
                    [this](const std::function<void()>& on_empty) {
                      ++started_;
                      on_empty_ = on_empty;
                      return size_t{2};
                    },
                .cut = [this] { ++cuts_; },
                .finished = [this] { ++finished_; }}};
};

TEST_F(DrainTest, IsOverWhenTheLastWorkerIsEmpty) {
  EXPECT_TRUE(drain_.Begin(kLongMs));
  std::thread(on_empty_).join();
  io::RunReady(loop_);
  EXPECT_EQ(finished_, 0) << "one worker has connections still";
  std::thread(on_empty_).join();
  io::RunReady(loop_);
  EXPECT_EQ(finished_, 1);
  EXPECT_EQ(cuts_, 0);
}

TEST_F(DrainTest, BeginsOnce) {
  EXPECT_FALSE(drain_.begun());
  EXPECT_TRUE(drain_.Begin(kLongMs));
  EXPECT_FALSE(drain_.Begin(kLongMs));
  EXPECT_TRUE(drain_.begun());
  EXPECT_EQ(started_, 1);
}

TEST_F(DrainTest, CutsTheRestAtTheDeadlineAndThenWaitsAtMostASecond) {
  drain_.Begin(10);
  ASSERT_TRUE(io::RunUntil(loop_, [&] { return cuts_ == 1; }));
  EXPECT_EQ(finished_, 0);
  const int64_t cut_ms = loop_.now_ms();
  ASSERT_TRUE(io::RunUntil(loop_, [&] { return finished_ == 1; }));
  EXPECT_GE(loop_.now_ms() - cut_ms, Drain::kAfterCutMs);
}

TEST_F(DrainTest, IsOverAsSoonAsTheCutHasEmptiedTheWorkers) {
  drain_.Begin(10);
  ASSERT_TRUE(io::RunUntil(loop_, [&] { return cuts_ == 1; }));
  on_empty_();
  on_empty_();
  io::RunReady(loop_);
  EXPECT_EQ(finished_, 1);
  const int64_t finished_ms = loop_.now_ms();
  ASSERT_TRUE(
      io::RunUntil(loop_, [&] { return loop_.now_ms() > finished_ms + Drain::kAfterCutMs + 100; }));
  EXPECT_EQ(finished_, 1) << "the timer after the cut reports nothing more";
}

}  // namespace
}  // namespace mantlet::server
