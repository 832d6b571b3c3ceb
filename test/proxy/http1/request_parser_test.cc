#include "proxy/http1/request_parser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "config/checks/served_methods.h"
#include "test/proxy/http1/parse_helpers.h"

namespace mantlet::http1 {
namespace {

using testing::EverySplit;
using testing::ParseRequests;
using testing::Pieces;
using testing::Transcript;

struct Case {
  std::string_view bytes;
  std::string_view expected;
};

// Uses sizeof, so that a literal can contain a NUL byte.
#define BYTES(literal) std::string_view(literal, sizeof(literal) - 1)

void ExpectSame(const Case& c, const ParserLimits& limits = {}) {
  const auto parse = [&](const Pieces& pieces) { return ParseRequests(pieces, limits); };
  for (const Transcript& transcript : EverySplit(c.bytes, parse)) {
    ASSERT_EQ(transcript.text, c.expected) << c.bytes << "\n" << transcript.reason;
    ASSERT_EQ(transcript.consumed, c.bytes.size()) << c.bytes;
  }
}

// The message is rejected with this status for every split of the bytes, and never reported as
// complete.
void ExpectRefused(std::string_view bytes, int status, const ParserLimits& limits = {}) {
  const auto parse = [&](const Pieces& pieces) { return ParseRequests(pieces, limits); };
  const std::string expected = "!" + std::to_string(status);
  for (const Transcript& transcript : EverySplit(bytes, parse)) {
    ASSERT_TRUE(transcript.failed()) << bytes << "\n" << transcript.text;
    ASSERT_EQ(transcript.text.substr(transcript.text.rfind('!')), expected) << bytes << "\n"
                                                                            << transcript.reason;
    ASSERT_EQ(transcript.text.find('.', transcript.text.find("host=")), std::string::npos)
        << bytes << "\n"
        << transcript.text;
  }
}

TEST(RequestParserTest, ReadsValidMessagesInAnySplit) {
  const Case cases[] = {
      {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET / HTTP/1.1 host=h|Host:h."},
      {"GET /a?b=c&d HTTP/1.1\r\nhOST:h:80\r\n\r\n", "GET /a?b=c&d HTTP/1.1 host=h:80|hOST:h:80."},
      {"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0 host= close."},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
       "GET / HTTP/1.0 host=|Connection:Keep-Alive."},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, close\r\n\r\n",
       "GET / HTTP/1.1 host=h close|Host:h|Connection:foo, close."},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n",
       "GET / HTTP/1.1 host=h close|Host:h|Connection:keep-alive|Connection:close."},
      {"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET / HTTP/1.1 host=h|Host:h."},
      {"GET / HTTP/1.1\r\nHost: h\r\nA: \t b\tc  \r\nB:\r\nC: \r\n\r\n",
       "GET / HTTP/1.1 host=h|Host:h|A:b\tc|B:|C:."},
      {"GET / HTTP/1.1\r\nHost: h\r\nA: \xc3\xa9\xff\r\n\r\n",
       "GET / HTTP/1.1 host=h|Host:h|A:\xc3\xa9\xff."},
      {"GET / HTTP/1.1\r\nHost: h\r\n!#$%&'*+-.^_`|~09aZ: v\r\n\r\n",
       "GET / HTTP/1.1 host=h|Host:h|!#$%&'*+-.^_`|~09aZ:v."},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
       "POST / HTTP/1.1 host=h length=5|Host:h|Content-Length:5>hello>."},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
       "POST / HTTP/1.1 host=h length=0|Host:h|Content-Length:0."},
      {"POST / HTTP/1.0\r\nContent-Length: 007\r\n\r\nhello!\n",
       "POST / HTTP/1.0 host= length=7 close|Content-Length:007>hello!\n>."},
      {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n\r\n",
       "GET / HTTP/1.1 host=h length=2|Host:h|Content-Length:2>\r\n>."},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
       "5\r\nhello\r\n00A\r\n, my world\r\n0\r\n\r\n",
       "POST / HTTP/1.1 host=h chunked|Host:h|Transfer-Encoding:Chunked>hello, my world>."},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
       "1;a=b;c=\"d e\"\r\nx\r\n000\r\nT: v\r\nU:\r\n\r\n",
       "POST / HTTP/1.1 host=h chunked|Host:h|Transfer-Encoding:chunked>x>|T:v|U:."},
      {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS * HTTP/1.1 host=h|Host:h."},
      {"PROPFIND / HTTP/1.1\r\nHost: h\r\n\r\n", "PROPFIND / HTTP/1.1 host=h|Host:h."},
      {"GET / HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n",
       "GET / HTTP/1.1 host=[::1]:8443|Host:[::1]:8443."},
      {"GET //x HTTP/1.1\r\nHost: h\r\n\r\n", "GET //x HTTP/1.1 host=h|Host:h."},
      {"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx",
       "PUT / HTTP/1.1 host=h length=1 expect|Host:h|Expect:100-Continue|Content-Length:1>x>."},
      {"GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n",
       "GET / HTTP/1.1 host=h|Host:h|Expect:100-continue."},
  };
  for (const Case& c : cases) ExpectSame(c);
}

TEST(RequestParserTest, TakesAnAbsoluteTargetApartAndPrefersItsAuthority) {
  const Case cases[] = {
      {"GET http://a:1/p?q HTTP/1.1\r\nHost: b\r\n\r\n", "GET /p?q HTTP/1.1 host=a:1|Host:b."},
      {"GET HTTPS://a HTTP/1.1\r\nHost: b\r\n\r\n", "GET / HTTP/1.1 host=a|Host:b."},
      {"GET http://a?q HTTP/1.1\r\nHost: b\r\n\r\n", "GET /?q HTTP/1.1 host=a|Host:b."},
      {"OPTIONS http://a HTTP/1.1\r\nHost: b\r\n\r\n", "OPTIONS * HTTP/1.1 host=a|Host:b."},
      {"GET http://a/ HTTP/1.0\r\n\r\n", "GET / HTTP/1.0 host=a close."},
  };
  for (const Case& c : cases) ExpectSame(c);
}

TEST(RequestParserTest, StopsAfterEachPipelinedRequest) {
  ExpectSame(
      {"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: "
       "1\r\n\r\nx\r\nGET /3 HTTP/1.1\r\nHost: h\r\n\r\n",
       "GET /1 HTTP/1.1 host=h|Host:h.POST /2 HTTP/1.1 host=h length=1|Host:h|Content-"
       "Length:1>x>.GET /3 HTTP/1.1 host=h|Host:h."});
}

TEST(RequestParserTest, ParsesOnAfterConnectionCloseForTheCallerDecides) {
  ExpectSame(
      {"GET /1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
       "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n",
       "GET /1 HTTP/1.1 host=h close|Host:h|Connection:close."
       "GET /2 HTTP/1.1 host=h|Host:h."});
}

TEST(RequestParserTest, ReportsAnUpgradeOnlyIfItCouldBeTunnelled) {
  const Case cases[] = {
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
       "GET / HTTP/1.1 host=h upgrade=websocket|Host:h|Connection:Upgrade|Upgrade:websocket."},
      {"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n",
       "GET / HTTP/1.1 host=h|Host:h|Upgrade:websocket."},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\n\r\n",
       "GET / HTTP/1.1 host=h|Host:h|Connection:upgrade."},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
       "GET / HTTP/1.1 host=h|Host:h|Connection:upgrade|Upgrade:h2c."},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: TLS/1.2\r\n\r\n",
       "GET / HTTP/1.1 host=h|Host:h|Connection:upgrade|Upgrade:TLS/1.2."},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: a, h2c\r\n\r\n",
       "GET / HTTP/1.1 host=h|Host:h|Connection:upgrade|Upgrade:a, h2c."},
      {"GET / HTTP/1.0\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
       "GET / HTTP/1.0 host=h close|Host:h|Connection:upgrade|Upgrade:websocket."},
      {"POST / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: "
       "2\r\n\r\nab",
       "POST / HTTP/1.1 host=h length=2 upgrade=x|Host:h|Connection:upgrade|Upgrade:x|"
       "Content-Length:2>ab>."},
      {"POST / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\nTransfer-Encoding: "
       "chunked\r\n\r\n1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
       "POST / HTTP/1.1 host=h chunked upgrade=x|Host:h|Connection:upgrade|Upgrade:x|"
       "Transfer-Encoding:chunked>a>.GET / HTTP/1.1 host=h|Host:h."},
  };
  for (const Case& c : cases) ExpectSame(c);
}

TEST(RequestParserTest, LeavesTheBytesAfterAnUpgradeToTheTunnel) {
  const std::string_view requests[] = {
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n"
      "\r\n{}",
      "POST / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: tcp\r\nTransfer-Encoding: "
      "chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"};
  class Ignore : public http::RequestSink {
    void OnRequestHead(http::RequestHead&) override {}
    void OnRequestBody(std::string_view) override {}
    void OnRequestTrailers(const http::HeaderList&) override {}
    void OnRequestEnd() override {}
  } sink;
  for (const std::string_view request : requests) {
    RequestParser parser{ParserLimits()};
    const ParseResult result = parser.Parse(std::string(request) + "\x81\x05hello", sink);
    EXPECT_EQ(result.status, ParseResult::Status::kMessageEnd);
    EXPECT_EQ(result.consumed, request.size());
  }
}

TEST(RequestParserTest, ReportsWhyAnUpgradeIsIgnored) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"Connection: Upgrade\r\nUpgrade: websocket\r\n", ""},
      {"Connection: Upgrade\r\n", ""},
      {"Connection: Upgrade\r\nUpgrade: h2c\r\n", "HTTP and TLS are not tunnelled"},
      {"Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n", "HTTP and TLS are not tunnelled"},
      {"Connection: Upgrade\r\nUpgrade: a, b\r\n", "the request offers more than one protocol"},
      {"Connection: Upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n",
       "the request offers more than one protocol"},
      {"Upgrade: websocket\r\n", "Connection does not list Upgrade"},
  };
  class Ignore : public http::RequestSink {
    void OnRequestHead(http::RequestHead&) override {}
    void OnRequestBody(std::string_view) override {}
    void OnRequestTrailers(const http::HeaderList&) override {}
    void OnRequestEnd() override {}
  } sink;
  for (const auto& [fields, why] : cases) {
    RequestParser parser{ParserLimits()};
    parser.Parse("GET / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n", sink);
    EXPECT_EQ(parser.head().upgrade_ignored, why) << fields;
    parser.Parse("GET / HTTP/1.1\r\nHost: h\r\n\r\n", sink);
    EXPECT_EQ(parser.head().upgrade_ignored, "") << "of the last request";
  }
}

TEST(RequestParserTest, RefusesADoubtfulRequestLine) {
  const std::string_view bad[] = {
      "GET /\r\n\r\n",
      "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /  HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
      " GET / HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1\nHost: h\r\n\r\n",
      "GET / HTTP/1.1\rHost: h\r\n\r\n",
      "GET / HTTP/1.1\r\r\nHost: h\r\n\r\n",
      "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /\x7f HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n",
      BYTES("GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n"),
      "GET x HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET * HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET h:80 HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET http:///x HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET http://h:99999/ HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET / HTTP/1\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.10\r\nHost: h\r\n\r\n",
      "GET / HTTP/01.1\r\nHost: h\r\n\r\n",
      "GET / http/1.1\r\nHost: h\r\n\r\n",
      "GET / HTTP/x.1\r\nHost: h\r\n\r\n",
      "GET / HTTP 1.1\r\nHost: h\r\n\r\n",
      "GET / ICE/1.0\r\nHost: h\r\n\r\n",
      "GET / RTSP/1.0\r\nHost: h\r\n\r\n",
      "G(T / HTTP/1.1\r\nHost: h\r\n\r\n",
      "\"GET\" / HTTP/1.1\r\nHost: h\r\n\r\n",
      "\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
      "\r\n\rGET / HTTP/1.1\r\nHost: h\r\n\r\n",
      "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
      "\x16\x03\x01\x02",
      "HTTP/1.1 200 OK\r\nHost: h\r\n\r\n",
      "/ HTTP/1.1\r\nHost: h\r\n\r\n",
  };
  for (std::string_view bytes : bad) ExpectRefused(bytes, 400);
}

// Some lines are read by both readers, some by one. In every order they form one section.
TEST(RequestParserTest, ReadsFieldsInEveryOrder) {
  struct Field {
    std::string_view line, expected;
  };
  std::vector<Field> fields = {
      {"A: 1\r\n", "|A:1"},      {"Connection: foo\r\n", "|Connection:foo"},
      {"Host:h\r\n", "|Host:h"}, {"Tab: a\tb\t\r\n", "|Tab:a\tb"},
      {"Empty:\r\n", "|Empty:"}, {"Upgrade:\r\n", "|Upgrade:"}};
  const auto by_line = [](const Field& a, const Field& b) { return a.line < b.line; };
  std::sort(fields.begin(), fields.end(), by_line);
  do {
    std::string bytes = "GET / HTTP/1.1\r\n", expected = "GET / HTTP/1.1 host=h";
    for (const Field& field : fields) {
      bytes += field.line;
      expected += field.expected;
    }
    ExpectSame({bytes + "\r\n", expected + "."});
  } while (std::next_permutation(fields.begin(), fields.end(), by_line));
}

TEST(RequestParserTest, AnswersConnectAndUnknownVersionsWithTheirOwnStatus) {
  ExpectRefused("CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", 501);
  ExpectRefused("GET / HTTP/0.9\r\nHost: h\r\n\r\n", 505);
  ExpectRefused("GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505);
  ExpectRefused("GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505);
  ExpectRefused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
  ExpectRefused("PRI * HTTP/1.1\r\nHost: h\r\n\r\n", 505);
  ExpectRefused("PRI / HTTP/1.1\r\nHost: h\r\n\r\n", 505);
}

// Methods of RFC 9110 section 9.1; `mantlet check` must agree about the methods of a policy.
TEST(RequestParserTest, ServesEveryTokenAsAMethodButConnectAndPri) {
  std::vector<std::string> methods = config::KnownMethods();
  // Methods of other protocols, own methods, and methods with every character.
  for (const char* method :
       {"SETUP", "PLAY", "GET_PARAMETER", "FLUSH", "GETT", "X", "PRINT", "CONNECTED", "HTTP", "ICE",
        "!#$%&'*+-.^_`|~09AZ", "THE-LONGEST-ONE-THAT-IS-SERVED-HAS-FORTY-EIGHT-B"}) {
    methods.emplace_back(method);
  }
  for (const std::string& method : methods) {
    EXPECT_TRUE(config::IsServedMethod(method));
    ExpectSame(
        {method + " /x HTTP/1.1\r\nHost: h\r\n\r\n", method + " /x HTTP/1.1 host=h|Host:h."});
    // The framing of a request does not depend on its method.
    ExpectSame({method + " / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab" + method +
                    " / HTTP/1.1\r\nHost: h\r\n\r\n",
                method + " / HTTP/1.1 host=h length=2|Host:h|Content-Length:2>ab>." + method +
                    " / HTTP/1.1 host=h|Host:h."});
  }
  EXPECT_FALSE(config::IsServedMethod("CONNECT"));
  EXPECT_FALSE(config::IsServedMethod("PRI"));
  // An application that ignores case would read each as a method that rules match or that has its
  // own framing.
  for (const std::string method : {"get", "Delete", "hEAD", "connect", "pri", "x"}) {
    EXPECT_FALSE(config::IsServedMethod(method)) << method;
    ExpectRefused(method + " / HTTP/1.1\r\nHost: h\r\n\r\n", 501);
  }
  ExpectRefused(std::string(49, 'M') + " / HTTP/1.1\r\nHost: h\r\n\r\n", 501);
  ExpectRefused("LI(ST / HTTP/1.1\r\nHost: h\r\n\r\n", 400);
  ExpectRefused("LIST, GET / HTTP/1.1\r\nHost: h\r\n\r\n", 400);
  ExpectRefused("LIST: / HTTP/1.1\r\nHost: h\r\n\r\n", 400);
}

TEST(RequestParserTest, RefusesADoubtfulHost) {
  const std::string_view bad[] = {
      "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost:\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n",
      "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: :80\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: [h]\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a%00b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n",
      "GET http://a/ HTTP/1.1\r\n\r\n",
      "GET http://a/ HTTP/1.1\r\nHost: a b\r\n\r\n",
  };
  for (std::string_view bytes : bad) ExpectRefused(bytes, 400);
}

TEST(RequestParserTest, RefusesADoubtfulHeaderSection) {
  const std::string_view bad[] = {
      "GET / HTTP/1.1\r\n Host: h\r\n\r\n",
      "GET / HTTP/1.1\r\n\tA: b\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\n x\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n\tc\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nA\t: b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nA B: c\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\n: c\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nA\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nA(: c\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\n\xc3\xa9: c\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nA\x01: c\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\nA: c\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\rA: c\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n\n",
      "GET / HTTP/1.1\r\nHost: h\r\nA: b\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\n\rX",
      "GET / HTTP/1.1\r\nHost: h\r\nA: b\x07\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nA: b\x7f\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nA: \x0b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nA: \x1b[0m\r\n\r\n",
      BYTES("GET / HTTP/1.1\r\nHost: h\r\nA: b\0c\r\n\r\n"),
      BYTES("GET / HTTP/1.1\r\nHost: h\r\nA\0: c\r\n\r\n"),
  };
  for (std::string_view bytes : bad) ExpectRefused(bytes, 400);
}

TEST(RequestParserTest, RefusesDoubtfulFraming) {
  const std::string_view bad[] = {
      "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
      "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
      "Content-Length: 1, 1\r\n\r\nx",
      "Content-Length: +1\r\n\r\nx",
      "Content-Length: -1\r\n\r\nx",
      "Content-Length: 1 1\r\n\r\nx",
      "Content-Length: 0x1\r\n\r\nx",
      "Content-Length: 1e0\r\n\r\nx",
      "Content-Length: \r\n\r\nx",
      "Content-Length: 18446744073709551616\r\n\r\nx",
      "Content-Length: 9223372036854775808\r\n\r\nx",
      "Content-Length: 99999999999999999999999\r\n\r\nx",
      "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
      "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "Content-Length: 1\r\nTransfer-Encoding:\r\n\r\nx",
      "Transfer-Encoding:\r\nContent-Length: 1\r\n\r\nx",
      "Transfer-Encoding:\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: identity\r\n\r\n",
      "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: \x0b chunked\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
  };
  for (std::string_view rest : bad) {
    ExpectRefused("POST / HTTP/1.1\r\nHost: h\r\n" + std::string(rest), 400);
  }
  ExpectRefused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
}

TEST(RequestParserTest, RefusesDoubtfulChunks) {
  const std::string_view bad[] = {
      "\r\n0\r\n\r\n",
      "x\r\n",
      "-1\r\n",
      "+1\r\nx\r\n0\r\n\r\n",
      " 1\r\nx\r\n0\r\n\r\n",
      "1 \r\nx\r\n0\r\n\r\n",
      "1 ;a\r\nx\r\n0\r\n\r\n",
      "1\t\r\nx\r\n0\r\n\r\n",
      "0x1\r\nx\r\n0\r\n\r\n",
      "1\nx\r\n0\r\n\r\n",
      "1\rx\r\n0\r\n\r\n",
      "1\r\nx\n0\r\n\r\n",
      "1\r\nx\r0\r\n\r\n",
      "1\r\nxy0\r\n\r\n",
      "1\r\nxy\r\n0\r\n\r\n",
      "1\r\nx0\r\n\r\n",
      "1\r\nx\r\r\n0\r\n\r\n",
      "1;a\nb\r\nx\r\n0\r\n\r\n",
      "1;a\x01\r\nx\r\n0\r\n\r\n",
      "1;a\rb\r\nx\r\n0\r\n\r\n",
      "10000000000000000\r\n",
      "8000000000000000\r\n",
      "00000000000000001\r\nx\r\n0\r\n\r\n",
      "1\r\nx\r\n7fffffffffffffff\r\n",
      "0\r\nT : v\r\n\r\n",
      "0\r\n T: v\r\n\r\n",
      "0\r\nT: v\r\n w\r\n\r\n",
      "0\r\nT: v\n\r\n",
      "0\r\n: v\r\n\r\n",
      "0\r\nT\r\n\r\n",
      "0\r\nT: v\x7f\r\n\r\n",
      "0\r\n\n",
      "0\r\n\rX",
      "0\n\r\n",
  };
  for (std::string_view rest : bad) {
    const std::string bytes =
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(rest);
    ExpectRefused(bytes, 400);
  }
}

TEST(RequestParserTest, RefusesAnExpectationItDoesNotKnow) {
  ExpectRefused("GET / HTTP/1.1\r\nHost: h\r\nExpect: magic\r\n\r\n", 417);
  ExpectRefused("GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue, magic\r\n\r\n", 417);
}

TEST(RequestParserTest, HoldsToItsLimitsExactly) {
  ParserLimits limits;
  limits.target_bytes = 100;
  limits.header_bytes = 300;
  limits.header_count = 3;
  limits.body_bytes = 10;
  const auto target = [](size_t size) {
    return "GET /" + std::string(size - 1, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n";
  };
  EXPECT_FALSE(ParseRequests({target(100)}, limits).failed());
  ExpectRefused(target(101), 414, limits);
  ExpectRefused(target(1000), 414, limits);

  const auto head = [](size_t size) {
    const std::string begin = "GET / HTTP/1.1\r\nHost: h\r\nA: ";
    return begin + std::string(size - begin.size() - 4, 'a') + "\r\n\r\n";
  };
  EXPECT_FALSE(ParseRequests({head(300)}, limits).failed());
  ExpectRefused(head(301), 431, limits);
  ExpectRefused(head(900), 431, limits);

  const std::string begin = "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n";
  EXPECT_FALSE(ParseRequests({begin + "C: d\r\n\r\n"}, limits).failed());
  ExpectRefused(begin + "C: d\r\nE: f\r\n\r\n", 431, limits);

  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_FALSE(ParseRequests({post + "Content-Length: 10\r\n\r\n"}, limits).failed());
  ExpectRefused(post + "Content-Length: 11\r\n\r\n", 413, limits);
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  EXPECT_FALSE(ParseRequests({chunked + "9\r\n123456789\r\n1\r\n0\r\n0\r\n\r\n"}, limits).failed());
  ExpectRefused(chunked + "9\r\n123456789\r\n2\r\n01\r\n0\r\n\r\n", 413, limits);

  ExpectRefused(chunked + "0\r\nA: b\r\nC: d\r\nE: f\r\nG: h\r\n\r\n", 431, limits);
  ExpectRefused(chunked + "0\r\nA: " + std::string(400, 'x') + "\r\n\r\n", 431, limits);
}

TEST(RequestParserTest, BoundsTheOptionsInConnection) {
  std::string head = "GET / HTTP/1.1\r\nHost: h\r\nConnection: a";
  for (int i = 1; i < 32; ++i) head += ",a";
  EXPECT_FALSE(ParseRequests({head + "\r\n\r\n"}).failed());
  ExpectRefused(head + ",a\r\n\r\n", 400);
  ExpectRefused(head + "\r\nConnection: a\r\n\r\n", 400);
}

TEST(RequestParserTest, BoundsAllChunkExtensionsOfABodyTogether) {
  ParserLimits limits;
  limits.chunk_extension_bytes = 20;
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_FALSE(ParseRequests({head + "1;123456789\r\nx\r\n1;123456789\r\nx\r\n"}, limits).failed());
  ExpectRefused(head + "1;123456789\r\nx\r\n1;123456789\r\nx\r\n1;123\r\n", 400, limits);
}

TEST(RequestParserTest, IsIdleUntilTheFirstByteOfARequest) {
  class Ignore : public http::RequestSink {
    void OnRequestHead(http::RequestHead&) override {}
    void OnRequestBody(std::string_view) override {}
    void OnRequestTrailers(const http::HeaderList&) override {}
    void OnRequestEnd() override {}
  } sink;
  RequestParser parser{ParserLimits()};
  EXPECT_TRUE(parser.Idle());
  parser.Parse("\r\n", sink);
  EXPECT_TRUE(parser.Idle());
  parser.Parse("G", sink);
  EXPECT_FALSE(parser.Idle());
  parser.Parse("ET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n", sink);
  EXPECT_FALSE(parser.Idle());
  parser.Parse("x", sink);
  EXPECT_TRUE(parser.Idle());
}

TEST(RequestParserTest, StaysFailedOnceItHasFailed) {
  EXPECT_EQ(ParseRequests({"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"}).text,
            "!400");
  class Count : public http::RequestSink {
   public:
    int events = 0;

   private:
    void OnRequestHead(http::RequestHead&) override { ++events; }
    void OnRequestBody(std::string_view) override { ++events; }
    void OnRequestTrailers(const http::HeaderList&) override { ++events; }
    void OnRequestEnd() override { ++events; }
  } sink;
  RequestParser parser{ParserLimits()};
  EXPECT_EQ(parser.Parse("GET / HTTP/1.1\r\n\r\n", sink).error.reason,
            base::ErrorReason::kBadRequest);
  const ParseResult again = parser.Parse("GET / HTTP/1.1\r\nHost: h\r\n\r\n", sink);
  EXPECT_EQ(again.status, ParseResult::Status::kError);
  EXPECT_EQ(again.error.reason, base::ErrorReason::kBadRequest);
  EXPECT_EQ(sink.events, 0);
}

}  // namespace
}  // namespace mantlet::http1
