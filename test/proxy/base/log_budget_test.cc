#include "proxy/base/log_budget.h"

#include <gtest/gtest.h>

namespace mantlet::base {
namespace {

TEST(LogBudget, AllowsABurstAndNoMoreInThatSecond) {
  LogBudget budget(2);
  EXPECT_TRUE(budget.Ask(10'000));
  EXPECT_TRUE(budget.Ask(10'500));
  EXPECT_FALSE(budget.Ask(10'600));
  EXPECT_FALSE(budget.Ask(10'999));
  EXPECT_TRUE(budget.Ask(11'000));
}

TEST(LogBudget, ReportsTheSuppressedOnesWithTheNextRecord) {
  LogBudget budget(1);
  EXPECT_EQ(budget.Ask(1000).suppressed, 0u);
  budget.Ask(1001);
  budget.Ask(1002);
  EXPECT_EQ(budget.Ask(2000).suppressed, 2u);
  EXPECT_EQ(budget.Ask(3000).suppressed, 0u);
}

TEST(LogBudget, AllowsItsCountInEachLongerPeriod) {
  LogBudget budget(1, 10'000);
  EXPECT_TRUE(budget.Ask(20'000));
  EXPECT_FALSE(budget.Ask(29'999));
  EXPECT_EQ(budget.Ask(30'000).suppressed, 1u);
}

TEST(LogBudget, ACountOfZeroAllowsNothing) {
  LogBudget budget(0);
  EXPECT_FALSE(budget.Ask(1000));
  EXPECT_FALSE(budget.Ask(2000));
}

}  // namespace
}  // namespace mantlet::base
