#include "config/suggest.h"

#include <gtest/gtest.h>

namespace mantlet::config {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsReplacementsAndSwaps) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("abc", ""), 3u);
  EXPECT_EQ(EditDistance("upstream", "upstream"), 0u);
  EXPECT_EQ(EditDistance("upstream", "upstreams"), 1u);
  EXPECT_EQ(EditDistance("upstream", "upstraem"), 1u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
}

TEST(EditDistance, IgnoresLetterCase) { EXPECT_EQ(EditDistance("TLS", "tls"), 0u); }

TEST(Nearest, FindsTheNearestChoice) {
  const std::vector<std::string> choices = {"min_version", "max_version", "groups"};
  ASSERT_NE(Nearest("max_verison", choices), nullptr);
  EXPECT_EQ(*Nearest("max_verison", choices), "max_version");
  EXPECT_EQ(*Nearest("Groups", choices), "groups");
}

TEST(Nearest, FindsNothingWhereNothingIsNear) {
  EXPECT_EQ(Nearest("colour", {"workers", "log"}), nullptr);
  EXPECT_EQ(Nearest("", {"a"}), nullptr);
  EXPECT_EQ(Nearest("x", {"a", "b"}), nullptr);
  EXPECT_EQ(Nearest(std::string(100'000, 'x'), {"xxx"}), nullptr);
}

TEST(DidYouMeanOrOneOf, ListsTheChoicesWhereNoneIsNear) {
  EXPECT_EQ(DidYouMeanOrOneOf("jsom", {"json", "text"}), "did you mean 'json'?");
  EXPECT_EQ(DidYouMeanOrOneOf("xml", {"json", "text"}), "write one of json, text");
  EXPECT_EQ(DidYouMeanOrOneOf("xml", {"json"}), "write json");
}

}  // namespace
}  // namespace mantlet::config
