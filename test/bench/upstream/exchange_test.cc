#include "test/bench/upstream/exchange.h"

#include <gtest/gtest.h>

namespace mantlet::bench {
namespace {

constexpr std::string_view kGet = "GET /100 HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(ExchangeTest, AnswersByPath) {
  const Answers answers;
  Exchange exchange(answers);
  EXPECT_EQ(exchange.Read(kGet).prepared, answers.For("/100"));
  EXPECT_EQ(exchange.Read("GET /1m HTTP/1.1\r\n\r\n").prepared, answers.For("/1m"));
  EXPECT_GT(answers.For("/16k").size(), 16u * 1024);
}

TEST(ExchangeTest, ReadsBodiesHoweverTheyArriveAndAnswersThenOnly) {
  const Answers answers;
  for (const std::string& request :
       {std::string("POST /100 HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"),
        std::string("POST /100 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "5\r\nhello\r\n3\r\nabc\r\n0\r\n\r\n")}) {
    for (size_t cut = 1; cut < request.size(); ++cut) {
      Exchange exchange(answers);
      EXPECT_EQ(exchange.Read(std::string_view(request).substr(0, cut)).requests, 0u) << cut;
      const auto result = exchange.Read(std::string_view(request).substr(cut));
      EXPECT_EQ(result.requests, 1u) << cut;
      EXPECT_EQ(result.prepared, answers.For("/100")) << cut;
      EXPECT_EQ(exchange.Read(kGet).requests, 1u) << cut;
    }
  }
}

TEST(ExchangeTest, AnswersAPipelineInOrder) {
  const Answers answers;
  const auto result = Exchange(answers).Read(std::string(kGet) + "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(result.requests, 2u);
  EXPECT_EQ(result.own, answers.For("/100"));
  EXPECT_EQ(result.prepared, answers.For("/"));
}

TEST(ExchangeTest, EchoesTheHead) {
  const Answers answers;
  const auto result = Exchange(answers).Read("GET /echo HTTP/1.1\r\nX-A: b\r\n\r\n");
  EXPECT_NE(result.own.find("\r\n\r\nGET /echo HTTP/1.1\r\nX-A: b\r\n"), std::string::npos);
}

TEST(ExchangeTest, ClosesWhenAskedTo) {
  const Answers answers;
  EXPECT_TRUE(Exchange(answers).Read("GET / HTTP/1.1\r\nConnection: close\r\n\r\n").close);
  EXPECT_FALSE(Exchange(answers).Read(kGet).close);
}

}  // namespace
}  // namespace mantlet::bench
