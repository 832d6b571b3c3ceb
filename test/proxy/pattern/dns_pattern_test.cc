#include "proxy/pattern/dns_pattern.h"

#include <gtest/gtest.h>

namespace mantlet::pattern {
namespace {

using namespace std::string_view_literals;

bool Matches(const char* pattern, std::string_view name) {
  return DnsPattern(pattern).Matches(name);
}

TEST(DnsPatternTest, MatchesANameWhateverTheLetterCaseOfThePattern) {
  EXPECT_TRUE(Matches("a.example.org", "a.example.org"));
  EXPECT_TRUE(Matches("A.Example.ORG", "a.example.org"));
  EXPECT_FALSE(Matches("a.example.org", "b.example.org"));
  EXPECT_FALSE(Matches("a.example.org", "a.example.org.evil"));
  EXPECT_FALSE(Matches("example.org", "a.example.org"));
  EXPECT_FALSE(Matches("a.example.org", ""));
}

TEST(DnsPatternTest, TheWildcardMatchesOneWholeLabel) {
  EXPECT_TRUE(Matches("*.example.org", "a.example.org"));
  EXPECT_TRUE(Matches("*.example.org", "a-1_b.example.org"));
  EXPECT_FALSE(Matches("*.example.org", "example.org"));
  EXPECT_FALSE(Matches("*.example.org", ".example.org"));
  EXPECT_FALSE(Matches("*.example.org", "a.b.example.org"));
  EXPECT_FALSE(Matches("*.example.org", "aexample.org"));
  EXPECT_FALSE(Matches("*.example.org", "a.example.orgs"));
}

TEST(DnsPatternTest, TheWildcardMatchesNoInvalidLabel) {
  EXPECT_FALSE(Matches("*.example.org", "a\0b.example.org"sv));
  EXPECT_FALSE(Matches("*.example.org", "a b.example.org"));
  EXPECT_FALSE(Matches("*.example.org", "\xc3\xa9.example.org"));
  EXPECT_FALSE(Matches("*.example.org", "*.example.org"));
}

TEST(DnsPatternTest, RejectsTextThatIsNotANameOrWildcardOfRfc9525) {
  for (const char* good : {"a", "a.b", "*.b", "a-1.b_c.d"})
    EXPECT_EQ(DnsPattern::Fault(good), std::nullopt) << good;
  for (const char* bad : {"", "*", "*.", ".a", "a.", "a..b", "a*.b", "*a.b", "a.*.b", "*.*.b",
                          "**.b", "a b", "a/b"}) {
    EXPECT_NE(DnsPattern::Fault(bad), std::nullopt) << bad;
  }
}

TEST(DnsPatternTest, CoversWhatItMatches) {
  const auto covers = [](const char* a, const char* b) {
    return DnsPattern(a).Covers(DnsPattern(b));
  };
  EXPECT_TRUE(covers("*.example.org", "a.example.org"));
  EXPECT_TRUE(covers("*.example.org", "*.EXAMPLE.org"));
  EXPECT_FALSE(covers("a.example.org", "*.example.org"));
  EXPECT_FALSE(covers("*.example.org", "*.a.example.org"));
}

}  // namespace
}  // namespace mantlet::pattern
