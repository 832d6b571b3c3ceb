#include "proxy/pattern/glob.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mantlet::pattern {
namespace {

bool Matches(const char* pattern, std::string_view name) { return Glob(pattern).Matches(name); }

struct Case {
  const char* pattern;
  const char* name;
  bool matches;
};

class GlobCaseTest : public testing::TestWithParam<Case> {};

TEST_P(GlobCaseTest, IsDecidedAsDocumented) {
  const Case& c = GetParam();
  EXPECT_EQ(Matches(c.pattern, c.name), c.matches) << c.pattern << " and " << c.name;
}

constexpr Case kExact[] = {
    {"/a", "/a", true},      {"/a", "/a/", false},   {"/a", "/ab", false},  {"/a", "/A", false},
    {"/a/", "/a", false},    {"/a/", "/a/", true},   {"/", "/", true},      {"/", "", false},
    {"/", "/a", false},      {"/a", "a", false},     {"*", "", false},      {"a", "a", true},
    {"/a.b", "/aXb", false}, {"/a?b", "/a?b", true}, {"/[a]", "/a", false},
};
constexpr Case kOneSegment[] = {
    {"/*", "/a", true},         {"/*", "/", false},
    {"/*", "/a/b", false},      {"/*", "/a/", false},
    {"/*/", "/a/", true},       {"/a/*", "/a/b", true},
    {"/a/*", "/a/", false},     {"/a/*", "/a", false},
    {"/a/*/c", "/a/b/c", true}, {"/a/*/c", "/a/b/b/c", false},
    {"/a/*/c", "/a//c", false}, {"*", "a", true},
    {"*/*", "a/b", true},       {"/*/*", "/a", false},
};
constexpr Case kWithinASegment[] = {
    {"/a*", "/a", true},           {"/a*", "/ab", true},         {"/a*", "/a/b", false},
    {"/*.png", "/x.png", true},    {"/*.png", "/.png", true},    {"/*.png", "/x.png2", false},
    {"/*.png", "/a/x.png", false}, {"/a*c", "/abbc", true},      {"/a*c", "/abcd", false},
    {"/*a*b*", "/xxayybzz", true}, {"/*a*b*", "/ba", false},     {"/a*a", "/a", false},
    {"/a*a", "/aa", true},         {"/sa-*/x", "/sa-1/x", true}, {"/sa-*/x", "/sb-1/x", false},
};
constexpr Case kAnySegments[] = {
    {"/**", "/", true},
    {"/**", "/a", true},
    {"/**", "/a/b/c", true},
    {"/**", "a", false},
    {"/**", "*", false},
    {"/**", "", true},
    {"/a/**", "/a", true},
    {"/a/**", "/a/", true},
    {"/a/**", "/a/b/c", true},
    {"/a/**", "/ab", false},
    {"/a/**", "/b/a", false},
    {"/a/**/z", "/a/z", true},
    {"/a/**/z", "/a/b/z", true},
    {"/a/**/z", "/a/b/c/z", true},
    {"/a/**/z", "/a/z/b", false},
    {"/a/**/z", "/az", false},
    {"/**/b", "/b", true},
    {"/**/b", "/a/a/b", true},
    {"/**/b", "/a/bb", false},
    {"/**/b/**", "/a/b/c", true},
    {"/**/b/**", "/a/c", false},
    {"/**/*", "/", false},
    {"/**/*", "/a", true},
    {"/**/*", "/a/", false},
    {"/**/a/*/c", "/a/a/b/c", true},
    {"/**/a/*/c", "/a/b/a/x/c", true},
    {"/**/a/*/c", "/a/b/a/c", false},
    {"**", "anything/at all", true},
    {"**", "", true},
    {"/**/**", "/", true},
    {"/a/**/**/b", "/a/b", true},
};
constexpr Case kIds[] = {
    {"spiffe://example.org/ns/*/sa/admin", "spiffe://example.org/ns/prod/sa/admin", true},
    {"spiffe://example.org/ns/*/sa/admin", "spiffe://example.org/ns/a/b/sa/admin", false},
    {"spiffe://example.org/ns/*/sa/admin", "spiffe://example.org/ns/prod/sa/admin2", false},
    {"spiffe://example.org/ns/*/sa/admin", "spiffe://example.com/ns/prod/sa/admin", false},
    {"spiffe://example.org/**", "spiffe://example.org/a/b", true},
    {"spiffe://example.org/**", "spiffe://example.org.evil/a", false},
    {"spiffe://example.org/**", "spiffe://example.orga", false},
    {"spiffe://*/web", "spiffe://a.example/web", true},
    {"spiffe://*/web", "spiffe:///web", false},
    {"spiffe://**", "spiffe://a.example/web", true},
    {"urn:uuid:*", "urn:uuid:1234", true},
};
INSTANTIATE_TEST_SUITE_P(Exact, GlobCaseTest, testing::ValuesIn(kExact));
INSTANTIATE_TEST_SUITE_P(OneSegment, GlobCaseTest, testing::ValuesIn(kOneSegment));
INSTANTIATE_TEST_SUITE_P(WithinASegment, GlobCaseTest, testing::ValuesIn(kWithinASegment));
INSTANTIATE_TEST_SUITE_P(AnySegments, GlobCaseTest, testing::ValuesIn(kAnySegments));
INSTANTIATE_TEST_SUITE_P(Ids, GlobCaseTest, testing::ValuesIn(kIds));

TEST(GlobTest, RejectsAmbiguousPatterns) {
  EXPECT_EQ(Glob::Fault("/a/**"), std::nullopt);
  EXPECT_EQ(Glob::Fault("*"), std::nullopt);
  for (const char* bad : {"", "/a**", "/**a", "/***", "/a/b**c/d"})
    EXPECT_NE(Glob::Fault(bad), std::nullopt) << bad;
}

// A direct implementation of the definition, for all short names and patterns.
bool Plain(const std::vector<std::string>& pattern, size_t p, const std::vector<std::string>& name,
           size_t n);
bool PlainSegment(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] != '*') {
    return !text.empty() && text[0] == pattern[0] &&
           PlainSegment(pattern.substr(1), text.substr(1));
  }
  return PlainSegment(pattern.substr(1), text) ||
         (!text.empty() && PlainSegment(pattern, text.substr(1)));
}
bool Plain(const std::vector<std::string>& pattern, size_t p, const std::vector<std::string>& name,
           size_t n) {
  if (p == pattern.size()) return n == name.size();
  if (pattern[p] == "**") {
    return Plain(pattern, p + 1, name, n) || (n < name.size() && Plain(pattern, p, name, n + 1));
  }
  if (n == name.size()) return false;
  const bool one = pattern[p] == "*" ? !name[n].empty() : PlainSegment(pattern[p], name[n]);
  return one && Plain(pattern, p + 1, name, n + 1);
}
std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == '/') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}
std::vector<std::string> AllWords(const std::string& alphabet, size_t longest) {
  std::vector<std::string> words = {""};
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i].size() == longest) break;
    for (char c : alphabet) words.push_back(words[i] + c);
  }
  return words;
}

TEST(GlobTest, AgreesWithThePlainDefinitionForAllShortPatternsAndNames) {
  const std::vector<std::string> names = AllWords("a/b", 5);
  std::vector<std::vector<std::string>> split;
  for (const std::string& name : names) split.push_back(Split(name));
  size_t patterns = 0;
  for (const std::string& text : AllWords("a/*", 6)) {
    if (Glob::Fault(text) != std::nullopt) continue;
    ++patterns;
    const Glob glob(text);
    const std::vector<std::string> pattern = Split(text);
    for (size_t i = 0; i < names.size(); ++i) {
      ASSERT_EQ(glob.Matches(names[i]), Plain(pattern, 0, split[i], 0)) << text << " " << names[i];
    }
  }
  EXPECT_GT(patterns, 400u);
}

TEST(GlobTest, CoversNothingThatItDoesNotMatch) {
  std::vector<Glob> globs;
  for (const std::string& text : AllWords("a/*", 5)) {
    if (Glob::Fault(text) == std::nullopt) globs.emplace_back(text);
  }
  const std::vector<std::string> names = AllWords("a/b", 5);
  size_t covered = 0;
  for (const Glob& wide : globs) {
    for (const Glob& narrow : globs) {
      if (!wide.Covers(narrow)) continue;
      ++covered;
      for (const std::string& name : names) {
        ASSERT_TRUE(!narrow.Matches(name) || wide.Matches(name))
            << wide.text() << " covers " << narrow.text() << " but not " << name;
      }
    }
  }
  EXPECT_GT(covered, globs.size());
}

TEST(GlobTest, SeesTheUsualCoverings) {
  const auto covers = [](const char* wide, const char* narrow) {
    return Glob(wide).Covers(Glob(narrow));
  };
  EXPECT_TRUE(covers("/**", "/a/*/b"));
  EXPECT_TRUE(covers("/a/**", "/a"));
  EXPECT_TRUE(covers("/a/**", "/a/b/**"));
  EXPECT_TRUE(covers("/a/*", "/a/b*"));
  EXPECT_TRUE(covers("/a*", "/ab*"));
  EXPECT_TRUE(covers("/**/b", "/a/**/b"));
  EXPECT_FALSE(covers("/a/*", "/a/**"));
  EXPECT_FALSE(covers("/a", "/a/**"));
  EXPECT_FALSE(covers("/ab*", "/a*"));
  EXPECT_FALSE(covers("/a/b/**", "/a/**"));
}

TEST(GlobTest, ReturnsTheLiteralSegmentsThatAllMatchesBeginWith) {
  EXPECT_EQ(Glob("/a/b").literal_prefix(), "/a/b");
  EXPECT_EQ(Glob("/a/*/c").literal_prefix(), "/a");
  EXPECT_EQ(Glob("/a/b*").literal_prefix(), "/a");
  EXPECT_EQ(Glob("/**").literal_prefix(), "");
  EXPECT_EQ(Glob("*/a").literal_prefix(), std::nullopt);
  EXPECT_EQ(Glob("spiffe://example.org/**").literal_prefix(), "spiffe://example.org");
}

// A matcher that tries all possibilities would not end on these.
TEST(GlobTest, EndsSoonForAnyPattern) {
  std::string stars = "/", segments;
  for (int i = 0; i < 1000; ++i) stars += "a*";
  for (int i = 0; i < 600; ++i) segments += "/**/a";
  EXPECT_FALSE(Matches((stars + "b").c_str(), "/" + std::string(16'000, 'a')));
  std::string name;
  for (int i = 0; i < 8'000; ++i) name += "/a";
  EXPECT_FALSE(Matches((segments + "/b").c_str(), name));
  EXPECT_TRUE(Matches((segments + "/**").c_str(), name));
}

}  // namespace
}  // namespace mantlet::pattern
