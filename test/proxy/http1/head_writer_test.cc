#include "proxy/http1/head_writer.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/http1/request_parser.h"

namespace mantlet::http1 {
namespace {

using http::Framing;
using http::HeaderList;
using http::Method;
using http::RequestForwarding;
using http::RequestHead;
using http::ResponseHead;
using http::Version;

using identity::RenderedIdentity;
using identity::StripSet;
using IncomingXfcc = RenderedIdentity::IncomingXfcc;

// The parser creates the head exactly as in production.
class HeadSink : public http::RequestSink {
  void OnRequestHead(RequestHead&) override {}
  void OnRequestBody(std::string_view) override {}
  void OnRequestTrailers(const HeaderList&) override {}
  void OnRequestEnd() override {}
};

// Forwards "GET / HTTP/1.1\r\nHost: h\r\n" + `fields`. Returns the result without the lines that
// every request gets.
class RequestForwardingTest : public ::testing::Test {
 protected:
  std::string Forward(const std::string& text) {
    HeadSink sink;
    http1::RequestParser parser{http1::ParserLimits()};
    const http1::ParseResult result = parser.Parse(text, sink);
    EXPECT_NE(result.status, http1::ParseResult::Status::kError) << result.error.detail;
    std::string out;
    AppendRequestHead(parser.head(),
                      {strip_, identity_, "192.0.2.1", default_host_, tunnel_, replace_}, out);
    return out;
  }

  std::string Fields(const std::string& fields) {
    std::string out = Forward("GET / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n");
    const auto remove = [&out](std::string_view line) {
      const size_t at = out.find(line);
      ASSERT_NE(at, std::string::npos) << line << " in " << out;
      out.erase(at, line.size());
    };
    remove("GET / HTTP/1.1\r\nHost: h\r\n");
    remove("X-Forwarded-Proto: https\r\nX-Forwarded-Host: h\r\n");
    if (!keep_forwarded_for_) remove("X-Forwarded-For: 192.0.2.1\r\n");
    EXPECT_EQ(out.substr(out.size() - 2), "\r\n");
    out.resize(out.size() - 2);
    return out;
  }

  StripSet strip_;
  RenderedIdentity identity_;
  std::string default_host_ = "upstream:1";
  bool tunnel_ = false;
  bool replace_ = false;
  bool keep_forwarded_for_ = false;
};

TEST_F(RequestForwardingTest, WritesAWholeHead) {
  identity_.block = "X-Id: alice\r\n";
  EXPECT_EQ(Forward("POST http://a.example:8443/p?q HTTP/1.1\r\nHost: other\r\nAccept: */*\r\n"
                    "Content-Length: 3\r\n\r\n"),
            "POST /p?q HTTP/1.1\r\nHost: a.example:8443\r\nAccept: */*\r\n"
            "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n"
            "X-Forwarded-Host: a.example:8443\r\nX-Id: alice\r\nContent-Length: 3\r\n\r\n");
}

TEST_F(RequestForwardingTest, GivesAnHttp10RequestWithoutHostOne) {
  EXPECT_EQ(Forward("GET / HTTP/1.0\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: upstream:1\r\nX-Forwarded-For: 192.0.2.1\r\n"
            "X-Forwarded-Proto: https\r\n\r\n");
}

TEST_F(RequestForwardingTest, DoesNotTakeTheNameOfASocketForAHost) {
  default_host_ = "unix:/run/app.sock";
  EXPECT_EQ(Forward("GET / HTTP/1.0\r\n\r\n").substr(0, 33),
            "GET / HTTP/1.1\r\nHost: localhost\r\n");
}

TEST_F(RequestForwardingTest, KeepsEndToEndFieldsInOrderDuplicatesIncluded) {
  EXPECT_EQ(Fields("Cookie: a\r\nVia: 1.1 x\r\nCookie: b\r\nEmpty:\r\nAuthorization: c\r\n"),
            "Cookie: a\r\nVia: 1.1 x\r\nCookie: b\r\nEmpty: \r\nAuthorization: c\r\n");
}

TEST_F(RequestForwardingTest, RemovesHopByHopFields) {
  EXPECT_EQ(Fields("Connection: keep-alive, X-Mine\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\n"
                   "X-Mine: 1\r\nx-mine: 2\r\nTE: gzip\r\nUpgrade: websocket\r\n"
                   "HTTP2-Settings: x\r\nProxy-Authorization: x\r\nTrailer: T\r\nOk: 1\r\n"),
            "Ok: 1\r\n");
}

TEST_F(RequestForwardingTest, ConnectionCannotRemoveFramingOrMantletsFields) {
  identity_.block = "X-Id: alice\r\n";
  EXPECT_EQ(Fields("Connection: Host, Content-Length, X-Id, X-Forwarded-Proto, X-Forwarded-For\r\n"
                   "Content-Length: 2\r\n"),
            "X-Id: alice\r\nContent-Length: 2\r\n");
}

TEST_F(RequestForwardingTest, ForwardsOnlyTrailersOfTe) {
  EXPECT_EQ(Fields("TE: gzip, trailers\r\n"), "TE: trailers\r\nConnection: TE\r\n");
  EXPECT_EQ(Fields("TE: xtrailers\r\n"), "");
}

TEST_F(RequestForwardingTest, ForwardsAnUpgradeOnlyIntoATunnel) {
  const std::string fields =
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n";
  EXPECT_EQ(Fields(fields), "Sec-WebSocket-Key: k\r\n");
  tunnel_ = true;
  EXPECT_EQ(Fields(fields),
            "Sec-WebSocket-Key: k\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
  EXPECT_EQ(Fields("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n"),
            "");
}

TEST_F(RequestForwardingTest, WritesTheFramingAgain) {
  EXPECT_EQ(Fields("tRansfer-encoding: CHUNKED\r\nTrailer: T\r\n"),
            "Trailer: T\r\nTransfer-Encoding: chunked\r\n");
  EXPECT_EQ(Fields("Content-Length: 007\r\n"), "Content-Length: 7\r\n");
  EXPECT_EQ(Fields("Content-Length: 0\r\n"), "Content-Length: 0\r\n");
}

TEST_F(RequestForwardingTest, ForwardsAnExpectationOnlyWhereItMeansSomething) {
  EXPECT_EQ(Fields("Expect: 100-continue\r\nContent-Length: 1\r\n"),
            "Expect: 100-continue\r\nContent-Length: 1\r\n");
  EXPECT_EQ(Fields("Expect: 100-continue\r\n"), "");
}

TEST_F(RequestForwardingTest, AppendsToForwardedForAndReplacesItsSiblings) {
  keep_forwarded_for_ = true;
  EXPECT_EQ(Fields("X-Forwarded-For: a\r\nX-Forwarded-Host: evil\r\nx-forwarded-for: b, c\r\n"
                   "X-Forwarded-Proto: http\r\nX_Forwarded_For: evil\r\nX.Forwarded-Proto: x\r\n"),
            "X-Forwarded-For: a, b, c, 192.0.2.1\r\n");
}

TEST_F(RequestForwardingTest, ReplacesForwardedForIfConfigured) {
  replace_ = true;
  EXPECT_EQ(Fields("X-Forwarded-For: a\r\nx-forwarded-for: b, c\r\nX_Forwarded_For: d\r\n"), "");
}

TEST_F(RequestForwardingTest, RemovesFieldsOfOtherProxies) {
  const std::string fields =
      "Forwarded: for=10.0.0.1;proto=http;host=evil\r\nX-Real-IP: 10.0.0.1\r\n"
      "x_forwarded.PORT: 80\r\nX-Forwarded-Prefix: /evil\r\nX-Original-URL: /admin\r\n"
      "X-SSL-Client-Verify: SUCCESS\r\n";
  EXPECT_EQ(Fields(fields + "X-Request-Id: 7\r\n"), "X-Request-Id: 7\r\n");
  config::IdentityHeaders headers;
  headers.forwarding_headers = config::ForwardingHeaders::kForward;
  strip_ = StripSet(headers);
  EXPECT_EQ(Fields(fields), fields);
  EXPECT_EQ(Fields("X_Forwarded_For: a\r\nX.Forwarded.Proto: http\r\nclient_cert: x\r\n"), "");
}

TEST_F(RequestForwardingTest, RemovesTheIdentityFamilyInEveryAlias) {
  config::IdentityHeaders headers;
  headers.set = {{"X-User", config::IdentityField::kCn}};
  strip_ = StripSet(headers);
  identity_.block = "X-User: alice\r\n";
  EXPECT_EQ(Fields("X-User: evil\r\nx_user: evil\r\nX.USER: evil\r\nClient-Cert: :evil:\r\n"
                   "client_cert: x\r\nClient-Cert-Chain: x\r\nX-Forwarded-Client-Cert: Hash=e\r\n"
                   "x_forwarded_client_cert: Hash=e\r\nConnection: X-User\r\nX-Users: ok\r\n"),
            "X-Users: ok\r\nX-User: alice\r\n");
}

TEST_F(RequestForwardingTest, TreatsIncomingXfccByMode) {
  const std::string fields =
      "X-Forwarded-Client-Cert: Hash=1\r\nx_forwarded_client_cert: evil\r\n"
      "x-forwarded-client-cert: Hash=2\r\n";
  EXPECT_EQ(Fields(fields), "");
  identity_.incoming_xfcc = IncomingXfcc::kForward;
  EXPECT_EQ(Fields(fields), "x-forwarded-client-cert: Hash=1, Hash=2\r\n");
  EXPECT_EQ(Fields(""), "");
  identity_.incoming_xfcc = IncomingXfcc::kAppend;
  identity_.xfcc_element = "Hash=3";
  EXPECT_EQ(Fields(fields), "x-forwarded-client-cert: Hash=1, Hash=2,Hash=3\r\n");
  EXPECT_EQ(Fields(""), "x-forwarded-client-cert: Hash=3\r\n");
}

TEST_F(RequestForwardingTest, DropsAnIncomingXfccThatCouldSwallowOurElement) {
  identity_.incoming_xfcc = IncomingXfcc::kAppend;
  identity_.xfcc_element = "Hash=3";
  EXPECT_EQ(Fields("x-forwarded-client-cert: Subject=\"x\r\n"),
            "x-forwarded-client-cert: Hash=3\r\n");
  EXPECT_EQ(Fields("x-forwarded-client-cert: Hash=1\r\nx-forwarded-client-cert: Subject=\"x\r\n"),
            "x-forwarded-client-cert: Hash=3\r\n");
}

HeaderList List(const std::vector<std::pair<std::string, std::string>>& fields) {
  HeaderList list;
  for (const auto& [name, value] : fields) list.Add(name, value);
  return list;
}

TEST(TrailerForwardingTest, LetsOnlyHarmlessTrailersOfARequestPass) {
  config::IdentityHeaders headers;
  headers.set = {{"X-User", config::IdentityField::kCn}};
  const HeaderList trailers = List({{"Checksum", "1"},
                                    {"x_user", "evil"},
                                    {"Client-Cert", "evil"},
                                    {"X-Forwarded-Client-Cert", "evil"},
                                    {"x_forwarded_port", "1"},
                                    {"Host", "evil"},
                                    {"Content-Length", "1"},
                                    {"content_length", "1"},
                                    {"Transfer-Encoding", "chunked"},
                                    {"Connection", "close"},
                                    {"Authorization", "x"},
                                    {"Cookie", "x"},
                                    {"If-Match", "x"},
                                    {"Content-Type", "x"},
                                    {"Trailer", "x"},
                                    {"grpc-status", "0"}});
  HeaderList out;
  http::ForwardRequestTrailers(trailers, StripSet(headers), out);
  EXPECT_EQ(out.Lines(0, out.size()), "Checksum: 1\r\ngrpc-status: 0\r\n");
}

TEST(TrailerForwardingTest, LetsOnlyHarmlessTrailersOfAResponsePass) {
  HeaderList out;
  http::ForwardResponseTrailers(
      List({{"A", "1"}, {"Set-Cookie", "x"}, {"Connection", "x"}, {"Content-Length", "1"}}), out);
  EXPECT_EQ(out.Lines(0, out.size()), "A: 1\r\n");
}

ResponseHead Response(int status, Framing framing,
                      const std::vector<std::pair<std::string, std::string>>& fields = {}) {
  ResponseHead head;
  head.status = status;
  head.reason = "R";
  head.framing = framing;
  head.headers = List(fields);
  return head;
}

struct Forwarded {
  std::string text;
  WrittenResponse result;
};
Forwarded Forward(const ResponseHead& head, const ResponseOptions& how = {}) {
  Forwarded forwarded;
  forwarded.result = AppendResponseHead(head, how, forwarded.text);
  return forwarded;
}

constexpr Framing kLength3 = {Framing::Kind::kContentLength, 3};
constexpr Framing kChunked = {Framing::Kind::kChunked, 0};
constexpr Framing kUntilClose = {Framing::Kind::kUntilClose, 0};
constexpr Framing kNone = {};

TEST(ResponseForwardingTest, FramesForAnHttp11Client) {
  EXPECT_EQ(Forward(Response(200, kLength3, {{"Content-Length", "3"}, {"A", "b"}})).text,
            "HTTP/1.1 200 R\r\nA: b\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(Forward(Response(200, kChunked, {{"Transfer-Encoding", "chunked"}})).text,
            "HTTP/1.1 200 R\r\nTransfer-Encoding: chunked\r\n\r\n");
  const Forwarded until_close = Forward(Response(200, kUntilClose, {{"Connection", "close"}}));
  EXPECT_EQ(until_close.text, "HTTP/1.1 200 R\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_TRUE(until_close.result.keep_alive);
  EXPECT_EQ(until_close.result.framing, kChunked);
}

TEST(ResponseForwardingTest, FramesForAnHttp10Client) {
  ResponseOptions how;
  how.client_version = Version::kHttp10;
  EXPECT_EQ(Forward(Response(200, kLength3), how).text,
            "HTTP/1.1 200 R\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\n");
  const Forwarded chunked =
      Forward(Response(200, kChunked, {{"Transfer-Encoding", "chunked"}, {"Trailer", "T"}}), how);
  EXPECT_EQ(chunked.text, "HTTP/1.1 200 R\r\nConnection: close\r\n\r\n");
  EXPECT_FALSE(chunked.result.keep_alive);
  EXPECT_EQ(chunked.result.framing, kUntilClose);
  how.keep_alive = false;
  EXPECT_EQ(Forward(Response(204, kNone), how).text, "HTTP/1.1 204 R\r\nConnection: close\r\n\r\n");
}

TEST(ResponseForwardingTest, SendsCloseIfTheConnectionEnds) {
  ResponseOptions how;
  how.keep_alive = false;
  const Forwarded forwarded = Forward(Response(200, kLength3), how);
  EXPECT_EQ(forwarded.text, "HTTP/1.1 200 R\r\nConnection: close\r\nContent-Length: 3\r\n\r\n");
  EXPECT_FALSE(forwarded.result.keep_alive);
}

TEST(ResponseForwardingTest, KeepsTheLengthOfABodyThatIsNotSent) {
  ResponseOptions head_request;
  head_request.request_method = Method::kHead;
  EXPECT_EQ(Forward(Response(200, kNone, {{"Content-Length", "3"}}), head_request).text,
            "HTTP/1.1 200 R\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(Forward(Response(200, kNone, {{"Transfer-Encoding", "chunked"}}), head_request).text,
            "HTTP/1.1 200 R\r\n\r\n");
  EXPECT_EQ(Forward(Response(304, kNone, {{"Content-Length", "3"}})).text,
            "HTTP/1.1 304 R\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(Forward(Response(204, kNone, {{"Content-Length", "3"}})).text,
            "HTTP/1.1 204 R\r\n\r\n");
  EXPECT_EQ(Forward(Response(304, kNone, {{"Content-Length", "3"}})).result.framing, kNone);
}

TEST(ResponseForwardingTest, RemovesHopByHopFields) {
  EXPECT_EQ(Forward(Response(200, kLength3,
                             {{"Connection", "X-Mine, keep-alive"},
                              {"X-Mine", "1"},
                              {"Keep-Alive", "timeout=5"},
                              {"Proxy-Connection", "x"},
                              {"Upgrade", "h2c"},
                              {"Trailer", "T"},
                              {"Server", "s"}}))
                .text,
            "HTTP/1.1 200 R\r\nServer: s\r\nContent-Length: 3\r\n\r\n");
}

TEST(ResponseForwardingTest, KeepsUpgradeWith101And426) {
  EXPECT_EQ(Forward(Response(101, kNone,
                             {{"Connection", "Upgrade"},
                              {"Upgrade", "websocket"},
                              {"Sec-WebSocket-Accept", "x"}}))
                .text,
            "HTTP/1.1 101 R\r\nSec-WebSocket-Accept: x\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\n\r\n");
  EXPECT_EQ(Forward(Response(426, kLength3, {{"Upgrade", "websocket"}})).text,
            "HTTP/1.1 426 R\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Content-Length: 3\r\n\r\n");
}

TEST(ResponseForwardingTest, TurnsVaryByCertificateIntoVaryByAnything) {
  for (const char* value : {"Client-Cert", "accept, client-cert-chain"}) {
    EXPECT_EQ(Forward(Response(200, kLength3, {{"Vary", "Accept"}, {"Vary", value}})).text,
              "HTTP/1.1 200 R\r\nVary: *\r\nContent-Length: 3\r\n\r\n");
  }
  EXPECT_EQ(Forward(Response(200, kLength3, {{"Vary", "Client-Certs"}})).text,
            "HTTP/1.1 200 R\r\nVary: Client-Certs\r\nContent-Length: 3\r\n\r\n");
}

TEST(ResponseForwardingTest, SendsInterimResponsesOnlyToHttp11) {
  std::string out;
  const ResponseHead hints = Response(103, kNone, {{"Link", "</a>"}, {"Connection", "x"}});
  AppendInterimHead(hints, Version::kHttp10, out);
  EXPECT_EQ(out, "");
  AppendInterimHead(hints, Version::kHttp11, out);
  EXPECT_EQ(out, "HTTP/1.1 103 R\r\nLink: </a>\r\n\r\n");
}

}  // namespace
}  // namespace mantlet::http1
