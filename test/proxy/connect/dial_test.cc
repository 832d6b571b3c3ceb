#include "proxy/connect/dial.h"

#include <gtest/gtest.h>

namespace mantlet::connect {
namespace {

TEST(ParseTarget, TakesNamesAndAddresses) {
  const auto parsed = [](const std::string& text) {
    const auto target = ParseTarget(text);
    return target.ok() ? target->host + " " + target->port : std::string(target.status().message());
  };
  EXPECT_EQ(parsed("a.example:8443"), "a.example 8443");
  EXPECT_EQ(parsed("a.example"), "a.example 443");
  EXPECT_EQ(parsed("127.0.0.1:1"), "127.0.0.1 1");
  EXPECT_EQ(parsed("[::1]:8443"), "::1 8443");
  EXPECT_EQ(parsed("[::1]"), "::1 443");
  EXPECT_EQ(parsed("::1"), "::1 443");
}

TEST(ParseTarget, RefusesWhatIsNoTarget) {
  for (const char* text :
       {"", ":443", "a:", "a:0", "a:65536", "a:99999999999", "a:x", "[::1", "[::1]443", "[]:1"}) {
    EXPECT_FALSE(ParseTarget(text).ok()) << text;
  }
}

}  // namespace
}  // namespace mantlet::connect
