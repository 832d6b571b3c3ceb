#include "test/bench/load/options.h"

#include <gtest/gtest.h>

namespace mantlet::bench {
namespace {

TEST(OptionsTest, ReadsWhatItUnderstands) {
  const auto options = ParseOptions({"--mode=rate", "--port=8443", "--rate=1000.5", "--resume",
                                     "--connections=32", "--headers=20"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->mode, Mode::kRate);
  EXPECT_EQ(options->port, 8443);
  EXPECT_EQ(options->rate, 1000.5);
  EXPECT_TRUE(options->resume);
  EXPECT_EQ(options->connections, 32);
  EXPECT_EQ(options->headers, 20u);
}

TEST(OptionsTest, RefusesWhatItDoesNotUnderstand) {
  for (const char* wrong : {"--mode=quick", "--port=70000", "--port=", "--connections=0",
                            "--connections=8x", "--resume=yes", "--unknown=1", "port=1"}) {
    EXPECT_FALSE(ParseOptions({"--port=1", wrong}).ok()) << wrong;
  }
}

TEST(OptionsTest, WantsAPortARateAndBothHalvesOfACertificate) {
  EXPECT_FALSE(ParseOptions({}).ok());
  EXPECT_FALSE(ParseOptions({"--port=1", "--mode=rate"}).ok());
  EXPECT_FALSE(ParseOptions({"--port=1", "--key=k.pem"}).ok());
}

TEST(OptionsTest, RefusesHttp2WhereItIsNotSpokenAndGrpcWithoutIt) {
  EXPECT_TRUE(ParseOptions({"--port=1", "--mode=idle", "--streams=1"}).ok());
  EXPECT_TRUE(ParseOptions({"--port=1", "--streams=10", "--grpc"}).ok());
  EXPECT_FALSE(ParseOptions({"--port=1", "--mode=handshake", "--streams=1"}).ok());
  EXPECT_FALSE(ParseOptions({"--port=1", "--mode=rate", "--rate=1", "--streams=1"}).ok());
  EXPECT_FALSE(ParseOptions({"--port=1", "--grpc"}).ok());
}

TEST(OptionsTest, EveryAdditionalHeaderHasTheSizeAskedFor) {
  Options options;
  options.headers = 0;
  const size_t plain = RequestHead(options).size();
  options.headers = 20;
  options.header_bytes = 60;
  EXPECT_EQ(RequestHead(options).size(), plain + 20 * 60);
}

TEST(OptionsTest, AnUploadAnnouncesItsLength) {
  Options options;
  options.upload = 1 << 20;
  const std::string head = RequestHead(options);
  EXPECT_TRUE(head.starts_with("POST /100 HTTP/1.1\r\n"));
  EXPECT_NE(head.find("Content-Length: 1048576\r\n"), std::string::npos);
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
}

}  // namespace
}  // namespace mantlet::bench
