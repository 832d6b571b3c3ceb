#include "proxy/base/utf8.h"

#include <gtest/gtest.h>

namespace mantlet::base {
namespace {

TEST(ValidUtf8, LeavesWellFormedTextAlone) {
  for (const char* text : {"", "plain", "Zo\xC3\xAB", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                           "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF", "\xEE\x80\x80"}) {
    EXPECT_EQ(ValidUtf8(text), text);
  }
}

TEST(ValidUtf8, ReplacesEveryByteOfWhatIsNotWellFormed) {
  const std::string r(kUtf8Replacement);
  EXPECT_EQ(ValidUtf8("a\xFFz"), "a" + r + "z");
  EXPECT_EQ(ValidUtf8("\x80"), r);                          // continuation without a lead
  EXPECT_EQ(ValidUtf8("\xC0\xAF"), r + r);                  // overlong, two bytes
  EXPECT_EQ(ValidUtf8("\xE0\x80\xAF"), r + r + r);          // overlong, three bytes
  EXPECT_EQ(ValidUtf8("\xF0\x80\x80\xAF"), r + r + r + r);  // overlong, four bytes
  EXPECT_EQ(ValidUtf8("\xED\xA0\x80"), r + r + r);          // a surrogate
  EXPECT_EQ(ValidUtf8("\xF4\x90\x80\x80"), r + r + r + r);  // over U+10FFFF
  EXPECT_EQ(ValidUtf8("\xF5\x80\x80\x80"), r + r + r + r);
}

TEST(ValidUtf8, ASequenceThatIsCutOffDoesNotSwallowWhatFollows) {
  const std::string r(kUtf8Replacement);
  EXPECT_EQ(ValidUtf8("\xE2\x82"), r + r);
  EXPECT_EQ(ValidUtf8("\xE2\x82\""), r + r + "\"");
  EXPECT_EQ(ValidUtf8("\xC3"), r);
}

}  // namespace
}  // namespace mantlet::base
