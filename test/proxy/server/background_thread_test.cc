#include "proxy/server/background_thread.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include "gtest/gtest.h"
#include "test/proxy/io/loop_driver.h"

namespace mantlet::server {
namespace {

using io::RunUntil;

class BackgroundThreadTest : public testing::Test {
 protected:
  io::Loop loop_;
  base::Cancellation cancellation_;
  std::unique_ptr<BackgroundThread> thread_ =
      std::make_unique<BackgroundThread>(loop_, cancellation_, "test");
};

TEST_F(BackgroundThreadTest, WorkRunsOnAnotherThreadAndItsEndIsReportedOnTheLoop) {
  std::thread::id worked, done;
  thread_->Run([&] { worked = std::this_thread::get_id(); },
               [&] { done = std::this_thread::get_id(); });
  ASSERT_TRUE(RunUntil(loop_, [&] { return done != std::thread::id(); }));
  EXPECT_EQ(done, std::this_thread::get_id());
  EXPECT_NE(worked, done);
}

TEST_F(BackgroundThreadTest, WorkRunsInOrderOnePieceAtATime) {
  int running = 0, most = 0, done = 0;
  for (int i = 0; i < 20; ++i) {
    thread_->Run(
        [&] {
          most = std::max(most, ++running);
          --running;
        },
        [&, i] { EXPECT_EQ(done++, i); });
  }
  ASSERT_TRUE(RunUntil(loop_, [&] { return done == 20; }));
  EXPECT_EQ(most, 1);
}

TEST_F(BackgroundThreadTest, WhatWorkOwnsIsDestroyedOnTheThread) {
  struct Owned {
    std::thread::id* destroyed_on;
    ~Owned() { *destroyed_on = std::this_thread::get_id(); }
  };
  std::thread::id destroyed_on;
  bool done = false;
  auto owned = std::make_unique<Owned>(Owned{&destroyed_on});
  destroyed_on = {};
  thread_->Run([owned = std::move(owned)] {}, [&] { done = true; });
  ASSERT_TRUE(RunUntil(loop_, [&] { return done; }));
  EXPECT_NE(destroyed_on, std::thread::id());
  EXPECT_NE(destroyed_on, std::this_thread::get_id());
}

TEST_F(BackgroundThreadTest, WorkCanCallTheLoopAndWait) {
  std::thread::id called;
  bool ran = false, done = false;
  thread_->Run([&] { ran = thread_->CallOnLoop([&] { called = std::this_thread::get_id(); }); },
               [&] { done = true; });
  ASSERT_TRUE(RunUntil(loop_, [&] { return done; }));
  EXPECT_TRUE(ran);
  EXPECT_EQ(called, std::this_thread::get_id());
}

TEST_F(BackgroundThreadTest, ACallAfterACancellationIsRefused) {
  std::atomic<bool> refused = false, calling = false, called = false;
  thread_->Run(
      [&] {
        calling = true;
        refused = !thread_->CallOnLoop([&] { called = true; });
      },
      [] { ADD_FAILURE() << "the work was cancelled"; });
  while (!calling) std::this_thread::yield();
  thread_->Cancel();
  ASSERT_TRUE(RunUntil(loop_, [&] { return refused.load(); }));
  EXPECT_FALSE(called);
  thread_->Run([] { ADD_FAILURE() << "nothing begins any more"; }, [] {});
  EXPECT_TRUE(thread_->EndsWithin(10'000));
  io::RunReady(loop_);
}

TEST_F(BackgroundThreadTest, EndsAlthoughTheLoopDoesNotAnswerACall) {
  std::atomic<bool> calling = false;
  thread_->Run(
      [&] {
        calling = true;
        EXPECT_FALSE(thread_->CallOnLoop([] { ADD_FAILURE() << "the loop does not run"; }));
      },
      [] {});
  while (!calling) std::this_thread::yield();
  EXPECT_TRUE(thread_->EndsWithin(10'000));
  thread_.reset();
  io::RunReady(loop_);
}

TEST_F(BackgroundThreadTest, SaysThatWorkDoesNotEnd) {
  std::mutex blocked;
  std::atomic<bool> begun = false;
  blocked.lock();
  thread_->Run(
      [&] {
        begun = true;
        const std::lock_guard wait(blocked);
        EXPECT_TRUE(cancellation_.cancelled());
      },
      [] {});
  while (!begun) std::this_thread::yield();
  EXPECT_FALSE(thread_->EndsWithin(1));
  blocked.unlock();
  EXPECT_TRUE(thread_->EndsWithin(10'000));
}

}  // namespace
}  // namespace mantlet::server
