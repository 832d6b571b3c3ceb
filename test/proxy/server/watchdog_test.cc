#include "proxy/server/watchdog.h"

#include <functional>
#include <thread>

#include "gtest/gtest.h"
#include "test/proxy/io/loop_driver.h"

namespace mantlet::server {
namespace {

class WatchdogTest : public testing::Test {
 protected:
  io::Loop loop_;
  std::function<void()> on_alive_;
  int pings_ = 0, notified_ = 0;
  Watchdog watchdog_{loop_,
                     10,
                     {.ping =
                          [this](const std::function<void()>& on_alive) {
                            ++pings_;
                            on_alive_ = on_alive;
                            return size_t{2};
                          },
                      .notify = [this] { ++notified_; }}};
};

TEST_F(WatchdogTest, NotifiesAtOnceAndAgainWhenEveryWorkerHasAnswered) {
  EXPECT_EQ(notified_, 1);
  std::thread(on_alive_).join();
  std::thread(on_alive_).join();
  EXPECT_TRUE(io::RunUntil(loop_, [&] { return notified_ == 2; }));
  EXPECT_EQ(pings_, 2);
}

TEST_F(WatchdogTest, IsSilentWhileAWorkerDoesNotAnswer) {
  on_alive_();
  const int64_t since = loop_.now_ms();
  ASSERT_TRUE(io::RunUntil(loop_, [&] { return loop_.now_ms() > since + 100; }));
  EXPECT_EQ(notified_, 1);
  on_alive_();
  EXPECT_TRUE(io::RunUntil(loop_, [&] { return notified_ == 2; })) << "it answers again";
}

}  // namespace
}  // namespace mantlet::server
