// Tests the check of a configuration's bytes before the YAML parser.

#include "config/loader/text_check.h"

#include <gtest/gtest.h>

#include <string>

namespace mantlet::config {
namespace {

TEST(FirstInvalidUtf8Test, AcceptsWhatRfc3629Defines) {
  for (const char* text :
       {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "a\xc3\xa4z\xe2\x82\xac"}) {
    EXPECT_EQ(FirstInvalidUtf8(text), std::nullopt) << text;
  }
  EXPECT_EQ(FirstInvalidUtf8(std::string(3, '\0')), std::nullopt);
}

TEST(FirstInvalidUtf8Test, FindsEveryOtherSequence) {
  for (const std::string bad : {
           "\x80",
           "\xbf",
           "\xff",
           "\xfe",  // an invalid first byte
           "\xc0\x80",
           "\xc1\xbf",  // overlong in two bytes
           "\xe0\x80\x80",
           "\xe0\x9f\xbf",  // in three
           "\xf0\x80\x80\x80",
           "\xf0\x8f\xbf\xbf",  // in four
           "\xed\xa0\x80",
           "\xed\xbf\xbf",  // surrogates
           "\xf4\x90\x80\x80",
           "\xf5\x80\x80\x80",      // above U+10FFFF
           "\xf8\x88\x80\x80\x80",  // five bytes
           "\xc3",
           "\xe2\x82",
           "\xf0\x90\x80",  // cut off
           "\xc3\x28",
           "\xe2\x28\xa1",
           "\xf0\x90\x28\x80",
           "\xc3\xc3\xa4",  // interrupted
       }) {
    EXPECT_EQ(FirstInvalidUtf8(bad), 0u);
    EXPECT_EQ(FirstInvalidUtf8("\xc3\xa4" + bad + "z"), 2u);
  }
}

TEST(CheckTextTest, NamesTheFirstFaultWithLineAndColumn) {
  const struct {
    const char* text;
    int line, column;
  } cases[] = {
      {"a: \xff\n", 1, 4},      {"a: 1\nb: \xc3\n", 2, 4},
      {"a: \x07\n", 1, 4},      {"a: 1\r\nb: \x1b\r\n", 2, 4},
      {"\x7f", 1, 1},           {"a:\n\tb: 1\n", 2, 1},
      {"a:\n  \tb: 1\n", 2, 3},
  };
  for (const auto& c : cases) {
    const std::optional<Diagnostic> fault = CheckText(c.text, "m.yaml");
    ASSERT_TRUE(fault.has_value()) << c.text;
    EXPECT_EQ(fault->where.file, "m.yaml");
    EXPECT_EQ(fault->where.line, c.line) << c.text;
    EXPECT_EQ(fault->where.column, c.column) << c.text;
    EXPECT_EQ(fault->severity, Severity::kError);
  }
  EXPECT_TRUE(CheckText(std::string("a: \0", 4), "m.yaml").has_value());
}

TEST(CheckTextTest, AcceptsTabsOutsideOfIndentations) {
  for (const char* text :
       {"", "a: 1\tb\n", "a:\t1\n", "a: 1\t# b\n", "\t\n", "\t\r\na: 1\n", "\t# a comment\n"}) {
    EXPECT_FALSE(CheckText(text, "m.yaml").has_value()) << text;
  }
}

}  // namespace
}  // namespace mantlet::config
