#include "proxy/http1/serializer.h"

#include <gtest/gtest.h>

#include "test/proxy/http1/parse_helpers.h"

namespace mantlet::http1 {
namespace {

TEST(SerializerTest, WritesChunksInParts) {
  std::string out;
  AppendChunkHeader(out, 0xffffffffffff);
  EXPECT_EQ(out, "ffffffffffff\r\n");
}

TEST(SerializerTest, NamesMantletAndTheReason) {
  std::string out;
  ErrorResponse response;
  response.reason = "no Host";
  AppendErrorResponse(out, response);
  EXPECT_EQ(out,
            "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 17\r\nConnection: close\r\n\r\nmantlet: no Host\n");
}

TEST(SerializerTest, WritesErrorResponsesThatParse) {
  std::string out;
  ErrorResponse response;
  response.status = 503;
  response.keep_alive = true;
  AppendErrorResponse(out, response);
  EXPECT_EQ(testing::ParseResponse({out}).text,
            "503 Service Unavailable HTTP/1.1 length=29|Content-Type:text/plain; charset=utf-8|"
            "Content-Length:29|Retry-After:1>mantlet: Service Unavailable\n>.");
}

TEST(SerializerTest, AnnouncesKeepAliveToAnHttp10ClientInAResponse) {
  std::string out;
  ErrorResponse response;
  response.keep_alive = true;
  response.client_version = http::Version::kHttp10;
  AppendErrorResponse(out, response);
  EXPECT_NE(out.find("\r\nConnection: keep-alive\r\n"), std::string::npos);
}

TEST(SerializerTest, WritesTheHeadOfAnyLocalResponse) {
  std::string out;
  AppendLocalHead(out, {.status = 405,
                        .content_type = "text/html",
                        .content_length = 0,
                        .extra_fields = "Allow: GET\r\n",
                        .keep_alive = true});
  EXPECT_EQ(out,
            "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/html\r\nContent-Length: 0\r\n"
            "Allow: GET\r\n\r\n");
}

TEST(SerializerTest, ReturnsTheSizeOfTheContent) {
  std::string out;
  ErrorResponse response;
  response.reason = "no Host";
  EXPECT_EQ(AppendErrorResponse(out, response), 17u);
  response.head_request = true;
  EXPECT_EQ(AppendErrorResponse(out, response), 0u);
}

TEST(SerializerTest, AnswersHeadWithoutABody) {
  std::string out;
  ErrorResponse response;
  response.reason = "x";
  response.head_request = true;
  AppendErrorResponse(out, response);
  EXPECT_NE(out.find("Content-Length: 11\r\n"), std::string::npos);
  EXPECT_EQ(out.substr(out.size() - 4), "\r\n\r\n");
}

}  // namespace
}  // namespace mantlet::http1
