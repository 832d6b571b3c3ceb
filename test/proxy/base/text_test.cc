#include "proxy/base/text.h"

#include <gtest/gtest.h>

#include <limits>

namespace mantlet::base {
namespace {

std::string Ms(int64_t unix_ms) {
  std::string out;
  AppendRfc3339Ms(unix_ms, &out);
  return out;
}

std::string MicrosAsMs(int64_t us) {
  std::string out;
  AppendMicrosAsMs(us, &out);
  return out;
}

TEST(Rfc3339, KnowsLeapYearsAndTheEpoch) {
  EXPECT_EQ(Rfc3339Seconds(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(Rfc3339Seconds(951'827'696), "2000-02-29T12:34:56Z");
  EXPECT_EQ(Rfc3339Seconds(1'800'000'000), "2027-01-15T08:00:00Z");
  EXPECT_EQ(Rfc3339Seconds(-1), "1969-12-31T23:59:59Z");
}

TEST(Rfc3339, ClampsWhatHasNoFourDigitYear) {
  EXPECT_EQ(Rfc3339Seconds(253'402'300'799), "9999-12-31T23:59:59Z");
  EXPECT_EQ(Rfc3339Seconds(253'402'300'800), "9999-12-31T23:59:59Z");
  EXPECT_EQ(Rfc3339Seconds(std::numeric_limits<int64_t>::max()), "9999-12-31T23:59:59Z");
  EXPECT_EQ(Rfc3339Seconds(std::numeric_limits<int64_t>::min()), "0000-01-01T00:00:00Z");
}

TEST(Rfc3339, HasMillisecondsOnBothSidesOfTheEpoch) {
  EXPECT_EQ(Ms(1'800'000'000'007), "2027-01-15T08:00:00.007Z");
  EXPECT_EQ(Ms(-1), "1969-12-31T23:59:59.999Z");
}

TEST(DurationText, HasTheSyntaxOfTheConfiguration) {
  EXPECT_EQ(DurationText(0), "0s");
  EXPECT_EQ(DurationText(250), "250ms");
  EXPECT_EQ(DurationText(5000), "5s");
  EXPECT_EQ(DurationText(90'000), "1m30s");
  EXPECT_EQ(DurationText(43'200'000), "12h");
  EXPECT_EQ(DurationText(3'661'001), "1h1m1s1ms");
  EXPECT_EQ(DurationText(-1500), "-1s500ms");
}

TEST(AppendMicrosAsMs, HasThreeDecimalsAlways) {
  EXPECT_EQ(MicrosAsMs(0), "0.000");
  EXPECT_EQ(MicrosAsMs(7), "0.007");
  EXPECT_EQ(MicrosAsMs(1234), "1.234");
  EXPECT_EQ(MicrosAsMs(60'000'050), "60000.050");
  EXPECT_EQ(MicrosAsMs(-5), "0.000");
}

TEST(AppendDecimal, WritesTheWholeRange) {
  std::string out;
  AppendDecimal(std::numeric_limits<int64_t>::min(), &out);
  AppendDecimal(std::numeric_limits<uint64_t>::max(), &out);
  EXPECT_EQ(out, "-922337203685477580818446744073709551615");
}

}  // namespace
}  // namespace mantlet::base
