#include "proxy/http/grpc.h"

#include <gtest/gtest.h>

namespace mantlet::http {
namespace {

TEST(IsGrpc, TakesEveryFormatAndParametersInAnyCase) {
  for (const char* type :
       {"application/grpc", "application/grpc+proto", "application/grpc+json",
        "application/grpc; charset=utf-8", "application/grpc;a=b", "application/grpc+proto;a=b",
        "application/grpc ; a=b", "Application/GRPC", "APPLICATION/GRPC+Thrift"}) {
    EXPECT_TRUE(IsGrpc(type)) << type;
  }
}

TEST(IsGrpc, IsFalseForGrpcWebAndEverythingElse) {
  for (const char* type :
       {"", "application/grpc-web", "application/grpc-web+proto", "application/grpc-web-text",
        "application/grpcx", "application/grp", "application/json", " application/grpc",
        "application/grpc foo", "application/grpc,a", "text/plain; a=application/grpc"}) {
    EXPECT_FALSE(IsGrpc(type)) << type;
  }
}

TEST(GrpcStatusOfHttp, MapsEachStatus) {
  const struct {
    int http;
    std::string_view grpc;
  } cases[] = {
      {400, "INTERNAL"},
      {401, "UNAUTHENTICATED"},
      {403, "PERMISSION_DENIED"},
      {404, "UNIMPLEMENTED"},
      {408, "DEADLINE_EXCEEDED"},
      {413, "RESOURCE_EXHAUSTED"},
      {414, "RESOURCE_EXHAUSTED"},
      {417, "UNKNOWN"},
      {421, "UNKNOWN"},
      {429, "RESOURCE_EXHAUSTED"},
      {431, "RESOURCE_EXHAUSTED"},
      {500, "UNKNOWN"},
      {501, "UNKNOWN"},
      {502, "UNAVAILABLE"},
      {503, "UNAVAILABLE"},
      {504, "DEADLINE_EXCEEDED"},
      {505, "UNKNOWN"},
      {0, "UNKNOWN"},
      {-1, "UNKNOWN"},
      {200, "UNKNOWN"},
  };
  for (const auto& c : cases) EXPECT_EQ(GrpcStatusName(GrpcStatusOfHttp(c.http)), c.grpc) << c.http;
}

TEST(GrpcStatusName, IsUnknownForANumberThatGrpcDoesNotDefine) {
  EXPECT_EQ(GrpcStatusName(0), "OK");
  EXPECT_EQ(GrpcStatusName(1), "CANCELLED");
  EXPECT_EQ(GrpcStatusName(16), "UNAUTHENTICATED");
  for (int status : {-1, 17, 999'999'999}) {
    EXPECT_FALSE(IsKnownGrpcStatus(status));
    EXPECT_EQ(GrpcStatusName(status), "UNKNOWN") << status;
  }
}

TEST(GrpcMessage, LeavesPrintableAsciiAlone) {
  const std::string text = "This client may not make this request: \"a=b;c,d~\" (rule 'x').";
  EXPECT_EQ(GrpcMessage(text), text);
  EXPECT_EQ(GrpcMessage(""), "");
}

TEST(GrpcMessage, EncodesPercentSignsControlBytesAndUtf8) {
  EXPECT_EQ(GrpcMessage("100%"), "100%25");
  EXPECT_EQ(GrpcMessage("%41"), "%2541");
  EXPECT_EQ(GrpcMessage("a\r\nb\tc\x7f"), "a%0D%0Ab%09c%7F");
  EXPECT_EQ(GrpcMessage(std::string_view("\0", 1)), "%00");
  EXPECT_EQ(GrpcMessage("\xc3\xa9\xff"), "%C3%A9%FF");
}

TEST(ParseGrpcStatus, TakesDecimalNumbersOnly) {
  EXPECT_EQ(ParseGrpcStatus("0"), 0);
  EXPECT_EQ(ParseGrpcStatus("16"), 16);
  EXPECT_EQ(ParseGrpcStatus("007"), 7);
  EXPECT_EQ(ParseGrpcStatus("999999999"), 999'999'999);
  for (const char* value : {"", " 0", "0 ", "+1", "-1", "0x1", "1.0", "OK", "1000000000",
                            "99999999999999999999", "1,2"}) {
    EXPECT_EQ(ParseGrpcStatus(value), std::nullopt) << value;
  }
}

}  // namespace
}  // namespace mantlet::http
