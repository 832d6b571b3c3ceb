#include "proxy/http1/parser_pool.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace mantlet::http1 {
namespace {

class Nobody final : public http::RequestSink {
  void OnRequestHead(http::RequestHead&) override {}
  void OnRequestBody(std::string_view) override {}
  void OnRequestTrailers(const http::HeaderList&) override {}
  void OnRequestEnd() override {}
};

class ParserPoolTest : public testing::Test {
 protected:
  ParseResult::Status Parse(RequestParser& parser, std::string_view bytes) {
    return parser.Parse(bytes, nobody_).status;
  }

  Nobody nobody_;
  ParserPool pool_;
};

constexpr std::string_view kRequest = "GET /secret HTTP/1.1\r\nHost: h\r\nCookie: c\r\n\r\n";

TEST_F(ParserPoolTest, TheNextToHaveItLearnsNothingOfTheLastRequest) {
  auto parser = pool_.Acquire({});
  RequestParser* const first = parser.get();
  EXPECT_EQ(Parse(*parser, kRequest), ParseResult::Status::kMessageEnd);
  pool_.Release(std::move(parser));
  parser = pool_.Acquire({});
  ASSERT_EQ(parser.get(), first);
  // A rejection before the first byte of a request is recorded with this head.
  EXPECT_EQ(parser->head().target, "");
  EXPECT_EQ(parser->head().authority, "");
  EXPECT_TRUE(parser->head().headers.empty());
}

TEST_F(ParserPoolTest, TheLimitsAreThoseOfTheBorrower) {
  auto parser = pool_.Acquire({});
  EXPECT_EQ(Parse(*parser, kRequest), ParseResult::Status::kMessageEnd);
  pool_.Release(std::move(parser));
  ParserLimits narrow;
  narrow.header_count = 1;
  parser = pool_.Acquire(narrow);
  EXPECT_EQ(Parse(*parser, kRequest), ParseResult::Status::kError);
}

TEST_F(ParserPoolTest, OnlyOneThatStandsWhereANewOneWouldIsFresh) {
  auto parser = pool_.Acquire({});
  EXPECT_TRUE(parser->IsReset());
  EXPECT_EQ(Parse(*parser, "\r"), ParseResult::Status::kNeedMore);
  EXPECT_FALSE(parser->IsReset()) << "half an empty line";
  EXPECT_EQ(Parse(*parser, "\n"), ParseResult::Status::kNeedMore);
  EXPECT_FALSE(parser->IsReset()) << "empty lines are counted";
  EXPECT_EQ(Parse(*parser, kRequest.substr(0, 10)), ParseResult::Status::kNeedMore);
  EXPECT_FALSE(parser->IsReset());
  EXPECT_EQ(Parse(*parser, kRequest.substr(10)), ParseResult::Status::kMessageEnd);
  EXPECT_TRUE(parser->IsReset());
  EXPECT_EQ(Parse(*parser, "GET /\r\n"), ParseResult::Status::kError);
  EXPECT_FALSE(parser->IsReset()) << "once refused, always refused";
}

TEST_F(ParserPoolTest, NoneThatHasGrownIsKeptAndNotTooMany) {
  auto parser = pool_.Acquire({});
  const std::string large =
      "GET / HTTP/1.1\r\nHost: h\r\nCookie: " + std::string(ParserPool::kMaxHeadBytes, 'c') +
      "\r\n\r\n";
  EXPECT_EQ(Parse(*parser, large), ParseResult::Status::kMessageEnd);
  pool_.Release(std::move(parser));
  EXPECT_EQ(pool_.size(), 0u);
  for (size_t i = 0; i < ParserPool::kMaxParsers + 1; ++i) {
    pool_.Release(std::make_unique<RequestParser>(ParserLimits{}));
  }
  EXPECT_EQ(pool_.size(), ParserPool::kMaxParsers);
}

}  // namespace
}  // namespace mantlet::http1
