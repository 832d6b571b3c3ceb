#include "proxy/base/timer_wheel.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace mantlet::base {
namespace {

constexpr int64_t kStart = 1'000'000;

class TimerWheelTest : public testing::Test {
 protected:
  // Returns a timer that writes its name into fired_.
  std::unique_ptr<FunctionTimer> Named(const std::string& name) {
    return std::make_unique<FunctionTimer>([this, name] { fired_.push_back(name); });
  }
  std::vector<std::string> TakeFired() { return std::exchange(fired_, {}); }

  using Names = std::vector<std::string>;

  TimerWheel wheel_{kStart, 50};
  Names fired_;
};

TEST_F(TimerWheelTest, FiresAfterItsDeadlineAndNeverBefore) {
  auto timer = Named("a");
  wheel_.Arm(*timer, kStart + 120);
  EXPECT_TRUE(timer->armed());
  EXPECT_EQ(timer->deadline_ms(), kStart + 120);
  for (int64_t now = kStart; now < kStart + 120; ++now) wheel_.Advance(now);
  EXPECT_EQ(TakeFired(), Names{});
  wheel_.Advance(kStart + 120 + 50);
  EXPECT_EQ(TakeFired(), Names{"a"});
  EXPECT_FALSE(timer->armed());
  wheel_.Advance(kStart + 10'000'000);
  EXPECT_EQ(TakeFired(), Names{});
}

TEST_F(TimerWheelTest, ADeadlineOnATickFiresAtThatTick) {
  auto timer = Named("a");
  wheel_.Arm(*timer, kStart + 100);
  wheel_.Advance(kStart + 99);
  EXPECT_EQ(TakeFired(), Names{});
  wheel_.Advance(kStart + 100);
  EXPECT_EQ(TakeFired(), Names{"a"});
}

TEST_F(TimerWheelTest, ADeadlineInThePastFiresAtTheNextTick) {
  auto timer = Named("a");
  wheel_.Arm(*timer, kStart - 500);
  wheel_.Advance(kStart);
  EXPECT_EQ(TakeFired(), Names{});
  wheel_.Advance(kStart + 50);
  EXPECT_EQ(TakeFired(), Names{"a"});
}

TEST_F(TimerWheelTest, FiresInTheOrderOfDeadlinesWhenAdvanceComesLate) {
  auto a = Named("a");
  auto b = Named("b");
  auto c = Named("c");
  wheel_.Arm(*c, kStart + 900);
  wheel_.Arm(*a, kStart + 100);
  wheel_.Arm(*b, kStart + 500);
  wheel_.Advance(kStart + 5000);
  EXPECT_EQ(TakeFired(), (Names{"a", "b", "c"}));
}

TEST_F(TimerWheelTest, ACancelledTimerDoesNotFireAndMayBeCancelledAgain) {
  auto timer = Named("a");
  wheel_.Cancel(*timer);
  wheel_.Arm(*timer, kStart + 100);
  wheel_.Cancel(*timer);
  wheel_.Cancel(*timer);
  EXPECT_TRUE(wheel_.empty());
  wheel_.Advance(kStart + 1000);
  EXPECT_EQ(TakeFired(), Names{});
}

TEST_F(TimerWheelTest, DestructionOfATimerCancelsIt) {
  auto timer = Named("a");
  wheel_.Arm(*timer, kStart + 100);
  timer.reset();
  EXPECT_TRUE(wheel_.empty());
  EXPECT_EQ(wheel_.NextDeadline(), std::nullopt);
  wheel_.Advance(kStart + 1000);
}

TEST_F(TimerWheelTest, ATimerOutlivesItsWheel) {
  auto timer = Named("a");
  {
    TimerWheel short_lived(kStart);
    short_lived.Arm(*timer, kStart + 100);
  }
  EXPECT_FALSE(timer->armed());
  wheel_.Arm(*timer, kStart + 100);
  wheel_.Advance(kStart + 100);
  EXPECT_EQ(TakeFired(), Names{"a"});
}

TEST_F(TimerWheelTest, ADeadlineMovedLaterFiresOnceAtTheNewTime) {
  auto timer = Named("a");
  wheel_.Arm(*timer, kStart + 100);
  wheel_.Arm(*timer, kStart + 500);
  wheel_.Advance(kStart + 499);
  EXPECT_EQ(TakeFired(), Names{});
  wheel_.Advance(kStart + 500);
  EXPECT_EQ(TakeFired(), Names{"a"});
  EXPECT_TRUE(wheel_.empty());
}

TEST_F(TimerWheelTest, ADeadlineMovedEarlierFiresAtTheNewTime) {
  auto timer = Named("a");
  wheel_.Arm(*timer, kStart + 60'000);
  wheel_.Arm(*timer, kStart + 100);
  wheel_.Advance(kStart + 100);
  EXPECT_EQ(TakeFired(), Names{"a"});
  wheel_.Advance(kStart + 70'000);
  EXPECT_EQ(TakeFired(), Names{});
}

TEST_F(TimerWheelTest, ADeadlineMovedLaterAndBackAgainIsKept) {
  auto timer = Named("a");
  wheel_.Arm(*timer, kStart + 200);
  wheel_.Arm(*timer, kStart + 5000);
  wheel_.Arm(*timer, kStart + 300);  // before 5000, after the slot it is still in
  wheel_.Advance(kStart + 250);
  EXPECT_EQ(TakeFired(), Names{});
  wheel_.Advance(kStart + 300);
  EXPECT_EQ(TakeFired(), Names{"a"});
}

TEST_F(TimerWheelTest, DeadlinesBeyondOneRevolutionAreKept) {
  auto hour = Named("hour");
  auto day = Named("day");
  wheel_.Arm(*hour, kStart + 3'600'000);
  wheel_.Arm(*day, kStart + 86'400'000);
  for (int64_t now = kStart; now < kStart + 3'600'000; now += 1000) wheel_.Advance(now);
  EXPECT_EQ(TakeFired(), Names{});
  wheel_.Advance(kStart + 3'600'000);
  EXPECT_EQ(TakeFired(), Names{"hour"});
  wheel_.Advance(kStart + 86'399'999);
  EXPECT_EQ(TakeFired(), Names{});
  wheel_.Advance(kStart + 86'400'000);
  EXPECT_EQ(TakeFired(), Names{"day"});
}

TEST_F(TimerWheelTest, AnEndlessDeadlineNeverFires) {
  auto timer = Named("a");
  wheel_.Arm(*timer, std::numeric_limits<int64_t>::max());
  wheel_.Advance(kStart + int64_t{1000} * 365 * 86'400'000);
  EXPECT_EQ(TakeFired(), Names{});
  EXPECT_TRUE(timer->armed());
}

TEST_F(TimerWheelTest, TimeThatGoesBackIsNoMovement) {
  auto timer = Named("a");
  wheel_.Advance(kStart + 1000);
  wheel_.Arm(*timer, kStart + 1200);
  wheel_.Advance(kStart);
  EXPECT_EQ(TakeFired(), Names{});
  wheel_.Advance(kStart + 1200);
  EXPECT_EQ(TakeFired(), Names{"a"});
}

TEST_F(TimerWheelTest, TheNextDeadlineIsWhenThereIsSomethingToDo) {
  EXPECT_EQ(wheel_.NextDeadline(), std::nullopt);
  auto late = Named("late");
  auto soon = Named("soon");
  wheel_.Arm(*late, kStart + 150'000);
  EXPECT_EQ(wheel_.NextDeadline(), kStart + 150'000);
  wheel_.Arm(*soon, kStart + 101);
  EXPECT_EQ(wheel_.NextDeadline(), kStart + 150);
  wheel_.Advance(*wheel_.NextDeadline());
  EXPECT_EQ(TakeFired(), Names{"soon"});
  EXPECT_EQ(wheel_.NextDeadline(), kStart + 150'000);
  wheel_.Cancel(*late);
  EXPECT_EQ(wheel_.NextDeadline(), std::nullopt);
}

TEST_F(TimerWheelTest, SleepingUntilTheNextDeadlineReachesEveryDeadlineWithFewWakeUps) {
  auto timer = Named("a");
  wheel_.Arm(*timer, kStart + 3'600'000);
  int wake_ups = 0;
  int64_t now = kStart;
  while (!wheel_.empty()) {
    ASSERT_TRUE(wheel_.NextDeadline().has_value());
    ASSERT_GT(*wheel_.NextDeadline(), now);
    now = *wheel_.NextDeadline();
    wheel_.Advance(now);
    ++wake_ups;
  }
  EXPECT_EQ(now, kStart + 3'600'000);
  EXPECT_LE(wake_ups, 20);  // once for each revolution
}

TEST_F(TimerWheelTest, ACallbackMayArmItsOwnTimerAgain) {
  int count = 0;
  FunctionTimer* self = nullptr;
  FunctionTimer timer([&] {
    ++count;
    wheel_.Arm(*self, kStart + 100);  // in the past by now
  });
  self = &timer;
  wheel_.Arm(timer, kStart + 100);
  wheel_.Advance(kStart + 10'000);
  EXPECT_EQ(count, 1);  // not for ever within one Advance
  wheel_.Advance(kStart + 10'050);
  EXPECT_EQ(count, 2);
}

TEST_F(TimerWheelTest, ACallbackMayDestroyItsOwnTimer) {
  std::unique_ptr<FunctionTimer> timer;
  timer = std::make_unique<FunctionTimer>([&] {
    fired_.push_back("a");
    timer.reset();
  });
  wheel_.Arm(*timer, kStart + 100);
  wheel_.Advance(kStart + 100);
  EXPECT_EQ(TakeFired(), Names{"a"});
  EXPECT_TRUE(wheel_.empty());
}

TEST_F(TimerWheelTest, ACallbackMayCancelMoveAndDestroyOthersThatAreDueToo) {
  auto cancelled = Named("cancelled");
  auto moved = Named("moved");
  auto destroyed = Named("destroyed");
  auto stays = Named("stays");
  FunctionTimer first([&] {
    fired_.push_back("first");
    wheel_.Cancel(*cancelled);
    wheel_.Arm(*moved, kStart + 1000);
    destroyed.reset();
  });
  wheel_.Arm(first, kStart + 100);
  wheel_.Arm(*cancelled, kStart + 100);
  wheel_.Arm(*moved, kStart + 100);
  wheel_.Arm(*destroyed, kStart + 100);
  wheel_.Arm(*stays, kStart + 100);
  wheel_.Advance(kStart + 100);
  EXPECT_EQ(TakeFired(), (Names{"first", "stays"}));
  EXPECT_EQ(wheel_.size(), 1u);
  wheel_.Advance(kStart + 1000);
  EXPECT_EQ(TakeFired(), Names{"moved"});
  EXPECT_TRUE(wheel_.empty());
}

TEST_F(TimerWheelTest, WhatACallbackArmsIsNotLostWhenManyTicksPassedAtOnce) {
  auto next = Named("next");
  FunctionTimer first([&] { wheel_.Arm(*next, kStart + 200'000 + 4096 * 50); });
  wheel_.Arm(first, kStart + 50);
  wheel_.Advance(kStart + 200'000);
  wheel_.Advance(kStart + 200'000 + 4096 * 50 - 1);
  EXPECT_EQ(TakeFired(), Names{});
  wheel_.Advance(kStart + 200'000 + 4096 * 50);
  EXPECT_EQ(TakeFired(), Names{"next"});
}

// Compares the wheel with a simple implementation: random operations, random steps of time.
TEST_F(TimerWheelTest, AgreesWithAPlainListOfDeadlines) {
  for (const unsigned seed : {1u, 2u, 3u, 4u}) {
    std::mt19937 random(seed);
    const int64_t tick = seed % 2 ? 50 : 7;
    TimerWheel wheel(kStart, tick);
    int64_t now = kStart;
    std::map<size_t, int64_t> expected;  // armed timers and their deadlines
    std::vector<std::unique_ptr<FunctionTimer>> timers;
    for (size_t i = 0; i < 100; ++i) {
      timers.push_back(std::make_unique<FunctionTimer>([&, i] {
        ASSERT_TRUE(expected.contains(i));
        ASSERT_LE(expected[i], now);  // never early
        expected.erase(i);
        if (random() % 3 == 0) {
          const size_t other = random() % timers.size();
          const int64_t deadline = now + 1 + static_cast<int64_t>(random() % 5000);
          expected[other] = deadline;
          wheel.Arm(*timers[other], deadline);
        }
      }));
    }
    for (int step = 0; step < 20'000; ++step) {
      const size_t i = random() % timers.size();
      if (random() % 4 == 0) {
        wheel.Cancel(*timers[i]);
        expected.erase(i);
      } else {
        const int64_t span = random() % 10 == 0 ? 2'000'000 : 20'000;
        const int64_t deadline = now + static_cast<int64_t>(random() % span);
        expected[i] = deadline;
        wheel.Arm(*timers[i], deadline);
      }
      if (random() % 5 == 0) {
        now += static_cast<int64_t>(random() % (random() % 50 == 0 ? 500'000 : 300));
        wheel.Advance(now);
        for (const auto& [index, deadline] : expected) {
          ASSERT_GT(deadline, now - 2 * tick) << "timer " << index << " is late";
        }
      }
      ASSERT_EQ(wheel.size(), expected.size());
      ASSERT_EQ(wheel.NextDeadline().has_value(), !expected.empty());
    }
  }
}

}  // namespace
}  // namespace mantlet::base
