#include "proxy/cli/expiry.h"

#include <gtest/gtest.h>

#include "proxy/cli/junit.h"

namespace mantlet::cli {
namespace {

TEST(ParseSpan, ReadsDaysHoursMinutesAndSeconds) {
  EXPECT_EQ(ParseSpan("30d"), 30 * 24 * 3600);
  EXPECT_EQ(ParseSpan("12h"), 12 * 3600);
  EXPECT_EQ(ParseSpan("90m"), 90 * 60);
  EXPECT_EQ(ParseSpan("0s"), 0);
  for (const char* text :
       {"", "d", "30", "-1d", "1.5d", "30D", "30 d", "1d1h", "36501d", "99999999999999999999d"}) {
    EXPECT_EQ(ParseSpan(text), std::nullopt) << text;
  }
}

TEST(DaysUntil, IsRoundedDown) {
  EXPECT_EQ(DaysUntil(86400, 0), 1);
  EXPECT_EQ(DaysUntil(86399, 0), 0);
  EXPECT_EQ(DaysUntil(0, 1), -1);
  EXPECT_EQ(DaysUntil(0, 86400), -1);
  EXPECT_EQ(DaysUntil(0, 86401), -2);
}

TEST(JunitXml, HoldsAnyTextSafely) {
  const std::string text =
      JunitXml("s", {{"a&b", "<\"x\">", {"\x01]]> \xff"}, {}}, {"g", "n", {}, {}}});
  EXPECT_NE(text.find("tests=\"2\" failures=\"1\""), std::string::npos) << text;
  EXPECT_NE(text.find("classname=\"a&amp;b\" name=\"&lt;&quot;x&quot;&gt;\""), std::string::npos)
      << text;
  EXPECT_NE(text.find("?]]&gt; \xef\xbf\xbd</failure>"), std::string::npos) << text;
}

}  // namespace
}  // namespace mantlet::cli
