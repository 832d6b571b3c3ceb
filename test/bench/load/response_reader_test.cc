#include "test/bench/load/response_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace mantlet::bench {
namespace {

using Status = ResponseReader::Status;

constexpr std::string_view kSized = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nA: b\r\n\r\nhello";
constexpr std::string_view kChunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\nhello\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nT: 1\r\n\r\n";

TEST(ResponseReaderTest, FindsTheEndHoweverTheBytesArrive) {
  for (const std::string_view response : {kSized, kChunked}) {
    for (size_t cut = 0; cut <= response.size(); ++cut) {
      ResponseReader reader;
      const std::string_view first = response.substr(0, cut), second = response.substr(cut);
      if (cut < response.size()) {
        ASSERT_EQ(reader.Read(first), Status::kMore) << response << cut;
        ASSERT_FALSE(second.empty());
        EXPECT_EQ(reader.Read(second), Status::kDone) << response << cut;
      } else {
        EXPECT_EQ(reader.Read(first), Status::kDone) << response;
      }
      EXPECT_EQ(reader.status(), 200);
      EXPECT_TRUE(reader.idle());
    }
  }
}

TEST(ResponseReaderTest, ReadsOneResponseAfterTheOther) {
  ResponseReader reader;
  EXPECT_EQ(reader.Read(kChunked), Status::kDone);
  EXPECT_EQ(reader.Read("HTTP/1.1 503 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
            Status::kDone);
  EXPECT_EQ(reader.status(), 503);
  EXPECT_FALSE(reader.keep_alive());
  EXPECT_EQ(reader.Read(kSized), Status::kDone);
  EXPECT_TRUE(reader.keep_alive());
}

TEST(ResponseReaderTest, PassesOverInterimResponses) {
  ResponseReader reader;
  EXPECT_EQ(reader.Read("HTTP/1.1 100 Continue\r\n\r\n" + std::string(kSized)), Status::kDone);
  EXPECT_EQ(reader.status(), 200);
}

TEST(ResponseReaderTest, RefusesWhatHasNoEnd) {
  EXPECT_EQ(ResponseReader().Read("HTTP/1.1 200 OK\r\n\r\n"), Status::kMalformed);
  EXPECT_EQ(ResponseReader().Read("hello\r\n\r\n"), Status::kMalformed);
  EXPECT_EQ(ResponseReader().Read(std::string(kSized) + "x"), Status::kMalformed);
  EXPECT_EQ(ResponseReader().Read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
            Status::kMalformed);
}

}  // namespace
}  // namespace mantlet::bench
