#include "proxy/base/check.h"

#include "gtest/gtest.h"

namespace mantlet::base {
namespace {

TEST(CheckTest, ATrueConditionDoesNothingAndIsEvaluatedOnce) {
  int evaluations = 0;
  MANTLET_CHECK(++evaluations == 1, "counted");
  EXPECT_EQ(evaluations, 1);
}

TEST(CheckDeathTest, AFalseConditionEndsTheProcessAndReportsTheLocation) {
  const int parts = 2;
  EXPECT_DEATH(MANTLET_CHECK(parts == 1, "a record is written whole"),
               "internal error at .*check_test.cc:[0-9]+: a record is written whole "
               "\\(parts == 1\\)");
}

}  // namespace
}  // namespace mantlet::base
