#include "proxy/http1/response_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "test/proxy/http1/parse_helpers.h"

namespace mantlet::http1 {
namespace {

using testing::Asked;
using testing::EverySplit;
using testing::ParseResponse;
using testing::Pieces;
using testing::Transcript;

constexpr Asked kHead = {http::Method::kHead, false};
constexpr Asked kUpgrade = {http::Method::kGet, true};

struct Case {
  std::string_view bytes;
  std::string_view expected;
  Asked asked = {};
  bool eof = false;
};

void ExpectSame(const Case& c) {
  const auto parse = [&](const Pieces& pieces) { return ParseResponse(pieces, c.asked, c.eof); };
  for (const Transcript& transcript : EverySplit(c.bytes, parse)) {
    ASSERT_EQ(transcript.text, c.expected) << c.bytes << "\n" << transcript.reason;
  }
}

void ExpectRefused(std::string_view bytes, Asked asked = {}, bool eof = false) {
  const auto parse = [&](const Pieces& pieces) { return ParseResponse(pieces, asked, eof); };
  for (const Transcript& transcript : EverySplit(bytes, parse)) {
    ASSERT_TRUE(transcript.failed()) << bytes << "\n" << transcript.text;
    ASSERT_TRUE(transcript.text.size() >= 4 &&
                transcript.text.substr(transcript.text.size() - 4) == "!502")
        << bytes << "\n"
        << transcript.text;
    ASSERT_EQ(transcript.text.find(".!"), std::string::npos) << bytes;
  }
}

TEST(ResponseParserTest, ReadsValidMessagesInAnySplit) {
  const Case cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
       "200 OK HTTP/1.1 length=2|Content-Length:2>hi>."},
      {"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "200  HTTP/1.1 length=0|Content-Length:0."},
      {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "200  HTTP/1.1 length=0|Content-Length:0."},
      {"HTTP/1.1 599 A b  c\r\nContent-Length: 0\r\n\r\n",
       "599 A b  c HTTP/1.1 length=0|Content-Length:0."},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nT: v\r\n\r\n",
       "200 OK HTTP/1.1 chunked|Transfer-Encoding:chunked>hi>|T:v."},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
       "200 OK HTTP/1.1 length=1 close|Connection:close|Content-Length:1>x>."},
      {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
       "200 OK HTTP/1.0 length=1 close|Content-Length:1>x>."},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
       "200 OK HTTP/1.0 length=1|Connection:keep-alive|Content-Length:1>x>."},
      {"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
       "302 Found HTTP/1.1 length=0|Location:/|Content-Length:0."},
  };
  for (const Case& c : cases) ExpectSame(c);
}

TEST(ResponseParserTest, GivesHead204And304NoBodyWhateverTheirFieldsSay) {
  const Case cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "200 OK HTTP/1.1|Content-Length:5.", kHead},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
       "200 OK HTTP/1.1|Transfer-Encoding:chunked.", kHead},
      {"HTTP/1.1 200 OK\r\n\r\n", "200 OK HTTP/1.1.", kHead},
      {"HTTP/1.1 204 No Content\r\n\r\n", "204 No Content HTTP/1.1."},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
       "204 No Content HTTP/1.1|Content-Length:5."},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
       "304 Not Modified HTTP/1.1|Content-Length:5."},
      {"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
       "304 Not Modified HTTP/1.1|Transfer-Encoding:chunked."},
  };
  for (const Case& c : cases) ExpectSame(c);
}

TEST(ResponseParserTest, ReportsInterimResponsesBeforeTheFinalOne) {
  ExpectSame(
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
       "100 Continue HTTP/1.1~103 Early Hints HTTP/1.1|Link:</a>~200 OK HTTP/1.1 "
       "length=1|Content-Length:1>x>."});
}

TEST(ResponseParserTest, BoundsInterimResponses) {
  std::string bytes;
  for (int i = 0; i < 33; ++i) bytes += "HTTP/1.1 103 Early Hints\r\n\r\n";
  EXPECT_TRUE(ParseResponse({bytes}).failed());
}

TEST(ResponseParserTest, ReadsABodyUntilTheConnectionEnds) {
  const Case cases[] = {
      {"HTTP/1.1 200 OK\r\n\r\nbody", "200 OK HTTP/1.1 until-close close>body>.", {}, true},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n",
       "200 OK HTTP/1.0 until-close close|Connection:keep-alive.",
       {},
       true},
      {"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
       "200 OK HTTP/1.1 until-close close>HTTP/1.1 200 OK\r\n\r\n>.",
       {},
       true},
  };
  for (const Case& c : cases) ExpectSame(c);
}

TEST(ResponseParserTest, CallsAResponseTruncatedThatTheConnectionCutsShort) {
  const std::string_view truncated[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n",
      "HTTP/1.1 200 OK\r\nA: b\r\n",
      "HTTP/1.1 100 Continue\r\n\r\n",
      "HTT",
  };
  for (std::string_view bytes : truncated) ExpectRefused(bytes, {}, true);
}

TEST(ResponseParserTest, AcceptsA101OnlyAsTheAnswerToAnUpgrade) {
  const std::string_view head =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  const std::string expected =
      "101 Switching Protocols HTTP/1.1|Connection:Upgrade|Upgrade:websocket.";
  ExpectSame({head, expected, kUpgrade});
  ExpectRefused(head);
  ExpectRefused("HTTP/1.1 101 Switching Protocols\r\n\r\n", kUpgrade);
  ExpectRefused("HTTP/1.0 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
                kUpgrade);
  ExpectSame({"HTTP/1.1 426 No\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 1\r\n\r\nx",
              "426 No HTTP/1.1 length=1|Connection:Upgrade|Upgrade:x|Content-Length:1>x>.",
              kUpgrade});
}

TEST(ResponseParserTest, LeavesTheBytesAfterA101ToTheTunnel) {
  const std::string_view head =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  const std::string bytes = std::string(head) + "\x81\x05hello";
  EXPECT_EQ(ParseResponse({bytes}, kUpgrade).consumed, head.size());
}

TEST(ResponseParserTest, LeavesUnrequestedBytesUnconsumed) {
  const std::string_view response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  const std::string bytes = std::string(response) + "HTTP/1.1 200 OK\r\n\r\n";
  const Transcript transcript = ParseResponse({bytes});
  EXPECT_FALSE(transcript.failed());
  EXPECT_EQ(transcript.consumed, response.size());
}

TEST(ResponseParserTest, RefusesAResponseWithoutARequest) {
  class Ignore : public http::ResponseSink {
    void OnInterimResponse(http::ResponseHead&) override {}
    void OnResponseHead(http::ResponseHead&) override {}
    void OnResponseBody(std::string_view) override {}
    void OnResponseTrailers(const http::HeaderList&) override {}
    void OnResponseEnd() override {}
  } sink;
  ResponseParser parser{ParserLimits()};
  EXPECT_FALSE(parser.Idle());
  EXPECT_EQ(parser.Parse("HTTP/1.1 408 x\r\n\r\n", sink).status, ParseResult::Status::kError);
}

TEST(ResponseParserTest, ReadsOneResponseAfterTheOther) {
  class Count : public http::ResponseSink {
   public:
    int heads = 0;
    std::string body;

   private:
    void OnInterimResponse(http::ResponseHead&) override {}
    void OnResponseHead(http::ResponseHead&) override { ++heads; }
    void OnResponseBody(std::string_view piece) override { body += piece; }
    void OnResponseTrailers(const http::HeaderList&) override {}
    void OnResponseEnd() override {}
  } sink;
  ResponseParser parser{ParserLimits()};
  const std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
  parser.Begin(http::Method::kHead, false);
  EXPECT_TRUE(parser.Idle());
  EXPECT_EQ(parser.Parse(ok, sink).status, ParseResult::Status::kMessageEnd);
  EXPECT_FALSE(parser.Idle());
  parser.Begin(http::Method::kGet, false);
  EXPECT_EQ(parser.Parse(ok, sink).status, ParseResult::Status::kNeedMore);
  EXPECT_EQ(parser.Parse("hi", sink).status, ParseResult::Status::kMessageEnd);
  EXPECT_EQ(sink.heads, 2);
  EXPECT_EQ(sink.body, "hi");
}

// RFC 9112 section 2.2 permits a recipient to accept LF alone as the end of a line.
TEST(ResponseParserTest, ReadsAHeadWhoseLinesAllEndWithLfAlone) {
  const Case cases[] = {
      {"HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 3\n\nok\n",
       "200 OK HTTP/1.1 length=3|Content-Type:text/plain|Content-Length:3>ok\n>."},
      {"HTTP/1.0 200\n\n\n\r\nbody\n", "200  HTTP/1.0 until-close close>\n\r\nbody\n>.", {}, true},
      {"HTTP/1.1 200 OK\nA:\nB: \t c \t\nConnection: close\nTransfer-Encoding: chunked\n\n"
       "2\r\nhi\r\n0\r\nT: v\r\n\r\n",
       "200 OK HTTP/1.1 chunked close|A:|B:c|Connection:close|Transfer-Encoding:chunked>hi>|T:v."},
      // Each head has its own line ends.
      {"HTTP/1.1 103 Early Hints\nLink: </a>\n\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
       "103 Early Hints HTTP/1.1|Link:</a>~200 OK HTTP/1.1 length=1|Content-Length:1>x>."},
      {"HTTP/1.1 304 Not Modified\nETag: x\n\n", "304 Not Modified HTTP/1.1|ETag:x."},
  };
  for (const Case& c : cases) ExpectSame(c);
}

// Together with CRLF, LF alone is ambiguous: it may end a line, or be a byte of a value that a user
// of the application has injected.
TEST(ResponseParserTest, RefusesHeadsWithBothKindsOfLineEnds) {
  const std::string_view bad[] = {
      "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\nContent-Length: 0\r\n\n",
      "HTTP/1.1 200 OK\nContent-Length: 0\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\n\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n",
      "HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: forged\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\nX: a\rSet-Cookie: forged\nContent-Length: 0\n\n",
      "HTTP/1.1 200 OK\nA: b\n c\nContent-Length: 0\n\n",
      "HTTP/1.1 200 OK\n A: b\nContent-Length: 0\n\n",
      "HTTP/1.1 200 OK\nA : b\nContent-Length: 0\n\n",
      "HTTP/1.1 200 OK\nA\nContent-Length: 0\n\n",
      "HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: 1\n\nx",
      "HTTP/1.1 200 OK\nContent-Length: 1\nTransfer-Encoding: chunked\n\n0\r\n\r\n",
      "\nHTTP/1.1 200 OK\nContent-Length: 0\n\n",
      "HTTP/1.1 200 O\tK\x01\nContent-Length: 0\n\n",
  };
  for (std::string_view bytes : bad) ExpectRefused(bytes);
}

TEST(ResponseParserTest, ReadsATabInAPhrase) {
  ExpectSame({"HTTP/1.1 200 All\tfine\r\nContent-Length: 0\r\n\r\n",
              "200 All\tfine HTTP/1.1 length=0|Content-Length:0."});
  ExpectRefused("HTTP/1.1 200\tOK\r\nContent-Length: 0\r\n\r\n");
  ExpectRefused("HTTP/1.1\t200 OK\r\nContent-Length: 0\r\n\r\n");
}

std::string Chunked(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(body);
}

// RFC 9112 section 7.1.1: bad white space, which recipients must remove.
TEST(ResponseParserTest, ReadsBlanksAfterChunkSizesAndInTheirExtensions) {
  const std::string_view same[] = {
      "5  \r\nhello\r\n0\r\n\r\n",
      "5\t \t\r\nhello\r\n0\r\n\r\n",
      "5\r\nhello\r\n0 \r\n\r\n",
      "5 ;a\r\nhello\r\n0 ;b\r\n\r\n",
      "5 \t;\t a \t=\t b \t\r\nhello\r\n0\r\n\r\n",
      "5;a;b ; c=d; e=f\r\nhello\r\n0\r\n\r\n",
      "5; a=\"b c\" ; d\r\nhello\r\n0\r\n\r\n",
      "5;a=\" ;\\\" = \"\r\nhello\r\n0\r\n\r\n",
  };
  for (std::string_view body : same) {
    ExpectSame({Chunked(body), "200 OK HTTP/1.1 chunked|Transfer-Encoding:chunked>hello>."});
  }
}

TEST(ResponseParserTest, RefusesChunkSizeLinesWithASecondReading) {
  const std::string_view bad[] = {
      " 5\r\nhello\r\n0\r\n\r\n",
      "\r\n5\r\nhello\r\n0\r\n\r\n",
      "5 5\r\nhello\r\n0\r\n\r\n",
      "5 a\r\nhello\r\n0\r\n\r\n",
      "5 =a\r\nhello\r\n0\r\n\r\n",
      "5\nhello\r\n0\r\n\r\n",
      "5 \nhello\r\n0\r\n\r\n",
      "5 \r \nhello\r\n0\r\n\r\n",
      "5;a\nhello\r\n0\r\n\r\n",
      "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n",
      "5;a=\"\r\n5\r\nhello\r\n0\r\n\r\n",
      "5;a=\"b\r\nhello\r\n0\r\n\r\n",
      "5;a b\r\nhello\r\n0\r\n\r\n",
      "5;a=b c\r\nhello\r\n0\r\n\r\n",
      "5;a\x0b\r\nhello\r\n0\r\n\r\n",
      "5\x0b\r\nhello\r\n0\r\n\r\n",
      "5\r\nhello \r\n0\r\n\r\n",
      "5\r\nhello\n0\r\n\r\n",
      "5\r\nhello\r\n0\n\r\n",
      "5\r\nhello\r\n0\r\n\n",
      "5\r\nhello\r\n0\r\nT: v\n\r\n",
      "0x5\r\nhello\r\n0\r\n\r\n",
      "-5\r\nhello\r\n0\r\n\r\n",
  };
  for (std::string_view body : bad) ExpectRefused(Chunked(body));
  ExpectRefused(Chunked("5" + std::string(5000, ' ') + "\r\nhello\r\n0\r\n\r\n"));
}

TEST(ResponseParserTest, RejectsAmbiguousMessages) {
  const std::string_view bad[] = {
      "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\rContent-Length: 0\r\n\r\n",
      "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 020 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n",
      "hello world\r\n\r\n",
      "SSH-2.0-OpenSSH\r\n",
      "HTTP/1.1 200 OK\r\n A: b\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: b\x7f\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\nx",
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA : b\r\n\r\n",
  };
  for (std::string_view bytes : bad) ExpectRefused(bytes);
}

}  // namespace
}  // namespace mantlet::http1
