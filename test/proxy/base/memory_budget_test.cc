#include "proxy/base/memory_budget.h"

#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "proxy/base/resident_memory.h"

namespace mantlet::base {
namespace {

constexpr size_t kMiB = 1024 * 1024;
constexpr int64_t kLongMs = 10 * MemoryBudget::kIntervalMs;

class MemoryBudgetTest : public testing::Test {
 protected:
  // 20 MiB without connections, and 100 MiB for them.
  MemoryBudgetTest() { budget_.SetLimit(120 * kMiB); }
  std::optional<bool> Use(size_t mib) {
    used_ = mib * kMiB;
    return budget_.Sample(now_ms_ += kLongMs, false);
  }

  size_t used_ = 20 * kMiB;
  int64_t now_ms_ = 0;
  MemoryBudget budget_{[this] { return used_; }};
};

TEST_F(MemoryBudgetTest, WhatIsThereAtTheStartIsLeftAside) {
  EXPECT_EQ(budget_.base(), 20 * kMiB);
  EXPECT_EQ(budget_.room(), 100 * kMiB);
  EXPECT_EQ(budget_.fill(), 0u);
  Use(70);
  EXPECT_EQ(budget_.fill(), 500u);
  Use(10);
  EXPECT_EQ(budget_.fill(), 0u);
}

TEST_F(MemoryBudgetTest, BuffersShrinkAsTheBudgetIsUsedUp) {
  const struct {
    size_t used_mib;
    uint32_t share;
  } cases[] = {{20, 1000}, {80, 1000}, {90, 624}, {100, 249}, {105, 62}, {119, 62}, {300, 62}};
  for (const auto& [used_mib, share] : cases) {
    Use(used_mib);
    EXPECT_EQ(budget_.buffer_share(), share) << used_mib;
  }
}

TEST_F(MemoryBudgetTest, StepsComeOneAfterTheOther) {
  Use(94);
  EXPECT_FALSE(budget_.ends_idle());
  Use(95);
  EXPECT_TRUE(budget_.ends_idle());
  EXPECT_EQ(budget_.excess(), 0u);
  Use(110);
  EXPECT_NEAR(static_cast<double>(budget_.excess()), 5.0 * kMiB, 0.1 * kMiB);
  EXPECT_FALSE(budget_.refuses_new());
  Use(115);
  EXPECT_TRUE(budget_.refuses_new());
  Use(94);
  EXPECT_FALSE(budget_.refuses_new());
  EXPECT_EQ(budget_.excess(), 0u);
}

TEST_F(MemoryBudgetTest, PressureIsReportedOnceWhenItBeginsAndWhenItEnds) {
  EXPECT_EQ(Use(90), std::nullopt);
  EXPECT_EQ(Use(100), true);
  EXPECT_EQ(Use(118), std::nullopt);
  EXPECT_EQ(Use(81), std::nullopt) << "it has not ended yet";
  EXPECT_EQ(Use(95), std::nullopt);
  EXPECT_EQ(Use(79), false);
  EXPECT_EQ(Use(79), std::nullopt);
  EXPECT_EQ(Use(100), true);
}

TEST_F(MemoryBudgetTest, MeasuresNoMoreOftenThanNeeded) {
  Use(50);
  used_ = 119 * kMiB;
  budget_.Sample(now_ms_ + 1, false);
  EXPECT_EQ(budget_.used(), 50 * kMiB);
  budget_.Sample(now_ms_ + 1, true);
  EXPECT_EQ(budget_.used(), 119 * kMiB);
}

TEST_F(MemoryBudgetTest, MeasuresLessOftenWhileLittleIsUsed) {
  Use(30);
  used_ = 60 * kMiB;
  budget_.Sample(now_ms_ + kLongMs - 1, false);
  EXPECT_EQ(budget_.used(), 30 * kMiB);
  budget_.Sample(now_ms_ + kLongMs, false);
  EXPECT_EQ(budget_.used(), 60 * kMiB);
  used_ = 70 * kMiB;
  budget_.Sample(now_ms_ + kLongMs + MemoryBudget::kIntervalMs, false);
  EXPECT_EQ(budget_.used(), 70 * kMiB);
}

TEST_F(MemoryBudgetTest, AMeasurementThatFailsChangesNothing) {
  Use(100);
  EXPECT_EQ(Use(0), std::nullopt);
  EXPECT_TRUE(budget_.ends_idle());
}

TEST(MemoryBudgetWithoutLimitTest, GivesUpNothing) {
  MemoryBudget budget([] { return 100 * kMiB; });
  budget.SetLimit(0);
  EXPECT_EQ(budget.Sample(1'000'000, true), std::nullopt);
  EXPECT_EQ(budget.fill(), 0u);
  EXPECT_EQ(budget.buffer_share(), 1000u);
  EXPECT_FALSE(budget.refuses_new());
  EXPECT_EQ(budget.excess(), 0u);
}

TEST(MemoryBudgetWithoutRoomTest, EverythingIsTooMuch) {
  size_t used = 100 * kMiB;
  MemoryBudget budget([&] { return used; });
  budget.SetLimit(50 * kMiB);
  EXPECT_EQ(budget.fill(), 0u) << "what is there at the start is no reason to refuse";
  used = 101 * kMiB;
  budget.Sample(1'000'000, true);
  EXPECT_TRUE(budget.refuses_new());
}

TEST(MemoryBudgetThreadsTest, PressureIsReportedByOneOfSeveralThreads) {
  std::atomic<size_t> used = 0;
  MemoryBudget budget([&] { return used.load(); });
  budget.SetLimit(100 * kMiB);
  std::atomic<int> begun = 0;
  std::atomic<int> ended = 0;
  for (int round = 0; round < 20; ++round) {
    used = (round % 2 == 0 ? 90 : 10) * kMiB;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < 50; ++k) {
          if (const auto pressed = budget.Sample(0, true)) ++(*pressed ? begun : ended);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(begun, 10);
  EXPECT_EQ(ended, 10);
}

TEST(ResidentMemoryTest, GrowsWithWhatIsWritten) {
  const ResidentMemory memory;
  const size_t before = memory.Read();
  EXPECT_GT(before, 100'000u);
  std::vector<char> block(64 * kMiB, 'x');
  EXPECT_GT(memory.Read(), before + 60 * kMiB);
  EXPECT_EQ(block[kMiB], 'x');
}

}  // namespace
}  // namespace mantlet::base
