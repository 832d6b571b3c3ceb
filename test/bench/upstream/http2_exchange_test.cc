#include "test/bench/upstream/http2_exchange.h"

#include <gtest/gtest.h>

#include "test/bench/load/http2_client.h"
#include "test/bench/load/options.h"

namespace mantlet::bench {
namespace {

// Both sides of HTTP/2 of the bench, each of which tests the other.
class Http2ExchangeTest : public testing::Test {
 protected:
  // Sends `streams` requests and returns the responses.
  std::vector<Http2Client::Response> Ask(const Options& options, int streams) {
    const Http2Client::Request request(options);
    Http2Client client(request);
    for (int i = 0; i < streams; ++i) client.Submit(i);
    std::vector<Http2Client::Response> responses;
    while (true) {
      std::string sent;
      client.Write(sent, SIZE_MAX);
      if (sent.empty()) return responses;
      const Exchange::Result result = exchange_.Read(sent);
      EXPECT_TRUE(result.ok);
      requests_ += result.requests;
      received_ += result.own;
      EXPECT_TRUE(client.Receive(result.own));
      while (const auto response = client.TakeResponse()) responses.push_back(*response);
    }
  }

  const Answers answers_;
  Http2Exchange exchange_{answers_};
  uint64_t requests_ = 0;
  std::string received_;
};

TEST_F(Http2ExchangeTest, AnswersEachStream) {
  const auto responses = Ask({}, 10);
  ASSERT_EQ(responses.size(), 10u);
  EXPECT_EQ(requests_, 10u);
  int64_t sum = 0;
  for (const auto& response : responses) {
    EXPECT_EQ(response.status, 200);
    sum += response.began_ns;
  }
  EXPECT_EQ(sum, 45);
}

TEST_F(Http2ExchangeTest, AnswersByPath) {
  Options options;
  options.path = "/1m";
  EXPECT_EQ(Ask(options, 1).size(), 1u);
  EXPECT_GT(received_.size(), 1024u * 1024);
}

TEST_F(Http2ExchangeTest, TakesUploads) {
  Options options;
  options.upload = 1 << 20;
  const auto responses = Ask(options, 3);
  ASSERT_EQ(responses.size(), 3u);
  EXPECT_EQ(responses[0].status, 200);
}

TEST_F(Http2ExchangeTest, AnswersGrpcWithTrailers) {
  Options options;
  options.upload = 100;
  options.grpc = true;
  options.path = "/grpc";
  const auto responses = Ask(options, 2);
  ASSERT_EQ(responses.size(), 2u);
  EXPECT_EQ(responses[0].status, 200);
}

TEST_F(Http2ExchangeTest, TheClientNoticesMissingTrailers) {
  Options options;
  options.upload = 100;
  options.grpc = true;
  const auto responses = Ask(options, 1);
  ASSERT_EQ(responses.size(), 1u);
  EXPECT_EQ(responses[0].status, 0);
}

TEST_F(Http2ExchangeTest, EchoesTheFields) {
  Options options;
  options.path = "/echo";
  options.headers = 1;
  EXPECT_EQ(Ask(options, 1).size(), 1u);
  EXPECT_NE(received_.find("x-load-100: vvv"), std::string::npos);
}

}  // namespace
}  // namespace mantlet::bench
