#include "config/environment.h"

#include <gtest/gtest.h>

namespace mantlet::config {
namespace {

const Environment& Some() {
  static const Environment environment(
      {{"HOST", "localhost"}, {"EMPTY", ""}, {"TRICK", "${HOST}"}, {"_A1", "one"}});
  return environment;
}

std::string Expanded(const std::string& text) {
  const Expansion expansion = Expand(text, Some());
  EXPECT_EQ(expansion.error, "");
  return expansion.text;
}

TEST(Expand, PutsAVariablesValueInItsPlace) {
  EXPECT_EQ(Expanded("${HOST}"), "localhost");
  EXPECT_EQ(Expanded("a ${HOST}:${_A1} b"), "a localhost:one b");
}

TEST(Expand, TakesTheDefaultWhereTheVariableIsUnsetOrEmpty) {
  EXPECT_EQ(Expanded("${NONE:-8443}"), "8443");
  EXPECT_EQ(Expanded("${EMPTY:-8443}"), "8443");
  EXPECT_EQ(Expanded("${HOST:-other}"), "localhost");
  EXPECT_EQ(Expanded("${NONE:-}"), "");
  EXPECT_EQ(Expanded("${NONE:-a:-b}"), "a:-b");
}

TEST(Expand, LeavesAnEmptyVariableEmpty) { EXPECT_EQ(Expanded("${EMPTY}"), ""); }

TEST(Expand, DoesNotExpandInsertedText) { EXPECT_EQ(Expanded("${TRICK}"), "${HOST}"); }

TEST(Expand, LeavesADollarAloneThatNoBraceFollows) {
  EXPECT_EQ(Expanded("$HOST $5 $$ {HOST} $"), "$HOST $5 $$ {HOST} $");
}

TEST(Expand, TakesTwoDollarsAndABraceForALiteralBrace) {
  EXPECT_EQ(Expanded("$${HOST}"), "${HOST}");
  EXPECT_EQ(Expanded("$$${HOST}"), "$${HOST}");
}

TEST(Expand, NamesAVariableThatIsNotSet) {
  const Expansion expansion = Expand("${NONE}", Some());
  EXPECT_EQ(expansion.error, "the environment variable NONE is not set");
  EXPECT_EQ(expansion.hint, "set it, or give a default: ${NONE:-default}");
}

TEST(Expand, RejectsInvalidNames) {
  for (const char* text : {"${}", "${1A}", "${A-B}", "${:-x}", "${ HOST }", "${HOST", "${"}) {
    EXPECT_NE(Expand(text, Some()).error, "") << text;
  }
}

TEST(Environment, HoldsTheVariablesOfThisProcess) {
  ASSERT_EQ(setenv("MANTLET_TEST_VARIABLE", "a=b", 1), 0);
  EXPECT_EQ(Environment::OfThisProcess().Get("MANTLET_TEST_VARIABLE"), "a=b");
  EXPECT_EQ(Environment::OfThisProcess().Get("MANTLET_TEST_VARIABLE2"), std::nullopt);
}

}  // namespace
}  // namespace mantlet::config
