#include "proxy/http/trace_context.h"

#include <gtest/gtest.h>

#include <string>

namespace mantlet::http {
namespace {

const std::string kTrace = "0af7651916cd43dd8448eb211c80319c";
const std::string kValid = "00-" + kTrace + "-b7ad6b7169203331-01";

TEST(TraceContext, ASampledTraceIsReadAndWrittenAlike) {
  const auto trace = ParseSampledTrace(kValid);
  ASSERT_TRUE(trace.has_value());
  EXPECT_EQ(ToString(*trace), kTrace);
  EXPECT_EQ(ToString({0, 1}), "00000000000000000000000000000001");
}

TEST(TraceContext, OtherFlagsAndLaterVersionsAreAccepted) {
  EXPECT_TRUE(ParseSampledTrace("00-" + kTrace + "-b7ad6b7169203331-03").has_value());
  EXPECT_TRUE(ParseSampledTrace("01-" + kTrace + "-b7ad6b7169203331-01-what-comes").has_value());
}

TEST(TraceContext, WhatIsNotRecordedOrMalformedIsNoTrace) {
  const std::string zeros(32, '0');
  for (const std::string& value :
       {std::string(), kValid.substr(1), kValid.substr(0, 54), kValid + "-more", kValid + "0",
        "00-" + kTrace + "-b7ad6b7169203331-00", "ff-" + kTrace + "-b7ad6b7169203331-01",
        "00-" + zeros + "-b7ad6b7169203331-01", "00-" + kTrace + "-0000000000000000-01",
        "01-" + kTrace + "-b7ad6b7169203331-01.x",
        "00-0AF7651916CD43DD8448EB211C80319C" + kValid.substr(35), "00-\"} 1\n" + kValid.substr(8),
        "00_" + kValid.substr(3)}) {
    EXPECT_FALSE(ParseSampledTrace(value).has_value()) << value;
  }
}

}  // namespace
}  // namespace mantlet::http
