#include "proxy/http1/field_line.h"

#include <gtest/gtest.h>

#include <string>

#include "proxy/http/tokens.h"

namespace mantlet::http1 {
namespace {

using http::HeaderId;

// Returns name and value, or "-" if there is no plain line.
std::string Read(std::string_view bytes) {
  const FieldLine field = ReadPlainField(bytes);
  if (field.line.empty()) return "-";
  EXPECT_EQ(field.line, bytes.substr(0, field.line.size()));
  EXPECT_TRUE(field.line.ends_with("\r\n"));
  return std::string(field.name) + "|" + std::string(field.value) + "|";
}

TEST(ReadPlainFieldTest, ReadsOneLineAndNoMore) {
  EXPECT_EQ(Read("Host: h\r\n"), "Host|h|");
  EXPECT_EQ(Read("Host: h\r\nX: y\r\n\r\n"), "Host|h|");
  EXPECT_EQ(ReadPlainField("A: b\r\nX: y\r\n").line.size(), 6u);
}

TEST(ReadPlainFieldTest, LeavesBlanksAroundTheValueOut) {
  EXPECT_EQ(Read("A:b\r\n"), "A|b|");
  EXPECT_EQ(Read("A:   b c  \r\n"), "A|b c|");
  EXPECT_EQ(Read("A:\r\n"), "A||");
  EXPECT_EQ(Read("A:    \r\n"), "A||");
}

TEST(ReadPlainFieldTest, LeavesALineThatIsNotCompleteToOthers) {
  const std::string line = "X-Long-Name: some value\r\n";
  for (size_t size = 0; size < line.size(); ++size) {
    EXPECT_EQ(Read(line.substr(0, size)), "-") << size;
  }
}

TEST(ReadPlainFieldTest, LeavesEveryDoubtfulByteToOthers) {
  for (int value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    const bool in_value = (value >= 0x20 && value != 0x7f);
    EXPECT_EQ(Read(std::string("A: x") + c + "y\r\n") != "-", in_value) << value;
    const bool token = http::IsTokenChar(c);
    EXPECT_EQ(Read(std::string("A") + c + "B: y\r\n") != "-", token || c == ':') << value;
  }
  EXPECT_EQ(Read(": x\r\n"), "-");
  EXPECT_EQ(Read(" A: x\r\n"), "-");
  EXPECT_EQ(Read("A : x\r\n"), "-");
  EXPECT_EQ(Read("A: x\n"), "-");
  EXPECT_EQ(Read("A: x\r\r\n"), "-");
  EXPECT_EQ(Read("no colon\r\n"), "-");
  EXPECT_EQ(Read("\r\n"), "-");
}

TEST(DecidesFramingTest, HoldsForTheFieldsThatEndMessagesOrConnections) {
  for (std::string_view name :
       {"connection", "Proxy-Connection", "CONTENT-LENGTH", "Transfer-Encoding", "upgrade"}) {
    EXPECT_TRUE(DecidesFraming(http::IdentifyHeader(name))) << name;
  }
  for (std::string_view name : {"Host", "Cookie", "Expect", "TE", "Trailer", "Content-Lengt",
                                "Content-Length2", "X-Forwarded-For"}) {
    EXPECT_FALSE(DecidesFraming(http::IdentifyHeader(name))) << name;
  }
}

}  // namespace
}  // namespace mantlet::http1
