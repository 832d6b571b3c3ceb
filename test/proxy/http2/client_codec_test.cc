#include "proxy/http2/client_codec.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "test/proxy/http2/client_codec_fixture.h"

namespace mantlet::http2 {
namespace {

using base::ErrorReason;
using http::Framing;

// ---- requests

TEST_F(ClientCodecTest, SendsAGetInOneFrame) {
  RecordingResponse response;
  http::RequestHead head = Get("/path?q=1");
  head.headers.Add("Accept", "*/*");
  head.headers.Add("TE", "trailers, deflate");
  head.headers.Add("Connection", "X-Hop");
  head.headers.Add("X-Hop", "1");
  const auto stream = Ask(response, head);
  Run();
  EXPECT_EQ(server().Find("HEADERS"),
            "HEADERS 1 :method=GET :scheme=http :authority=a.example :path=/path?q=1 accept=*/* "
            "x-forwarded-for=192.0.2.1 x-forwarded-proto=https x-forwarded-host=a.example "
            "te=trailers END");
  EXPECT_EQ(server().Count("DATA"), 0u);
}

TEST_F(ClientCodecTest, TakesSchemeTargetAndAuthorityFromTheForwarding) {
  RecordingResponse response;
  http::RequestHead head = Get();
  head.authority.clear();
  http::RequestForwarding forwarding = how();
  forwarding.target = "/normal";
  forwarding.scheme = "http";
  const auto stream = codec().OpenStream();
  stream->WriteHead(head, forwarding, response);
  Run();
  EXPECT_TRUE(server().Find("HEADERS").starts_with(
      "HEADERS 1 :method=GET :scheme=http :authority=app :path=/normal "))
      << server().Find("HEADERS");
}

TEST_F(ClientCodecTest, SendsContentAndTrailers) {
  RecordingResponse response;
  const auto stream = Ask(response, Post());
  stream->WriteBody("abc");
  Run();
  EXPECT_EQ(server().content[1], "abc");
  EXPECT_EQ(server().Count("DATA 1 END"), 0u);
  stream->WriteBody("de");
  http::HeaderList trailers;
  trailers.Add("Checksum", "1");
  stream->WriteEnd(trailers);
  stream->Flush();
  Run();
  EXPECT_EQ(server().content[1], "abcde");
  EXPECT_EQ(server().frames.back(), "HEADERS 1 checksum=1 END");
}

TEST_F(ClientCodecTest, AnnouncesTheLengthAndEndsWithTheContent) {
  RecordingResponse response;
  http::RequestHead head = Post();
  head.framing = {Framing::Kind::kContentLength, 2};
  const auto stream = Ask(response, head);
  stream->WriteBody("ab");
  stream->WriteEnd({});
  Run();
  EXPECT_NE(server().Find("HEADERS").find(" content-length=2"), std::string::npos);
  EXPECT_EQ(server().Count("DATA 1 END"), 1u);
}

TEST_F(ClientCodecTest, PushIsForbidden) {
  codec();
  io::RunReady(loop_);
  // The connection preface, then SETTINGS with ENABLE_PUSH (2) 0 as the first entry.
  ASSERT_TRUE(wire_->sent.starts_with("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  EXPECT_EQ(wire_->sent.substr(24 + 3, 1), std::string(1, '\4'));
  EXPECT_EQ(wire_->sent.substr(24 + 9, 6), std::string("\0\2\0\0\0\0", 6));
}

// ---- responses

struct ResponseCase {
  const char* name;
  http::Method method;
  FakeServer::Fields head;
  std::vector<std::string> data;
  FakeServer::Fields trailers;
  std::string events;
  Framing framing;
};

TEST_F(ClientCodecTest, ReadsResponses) {
  const std::vector<ResponseCase> cases = {
      {"without content", http::Method::kGet, {{":status", "404"}}, {}, {}, "head 404|end|", {}},
      {"with a length",
       http::Method::kGet,
       {{":status", "200"}, {"content-length", "4"}},
       {"ab", "cd"},
       {},
       "head 200|body|end|",
       {Framing::Kind::kContentLength, 4}},
      {"of unknown length",
       http::Method::kGet,
       {{":status", "200"}},
       {"ab"},
       {},
       "head 200|body|end|",
       {Framing::Kind::kChunked, 0}},
      {"with trailers",
       http::Method::kGet,
       {{":status", "200"}},
       {"ab"},
       {{"grpc-status", "0"}},
       "head 200|body|trailer grpc-status=0|end|",
       {Framing::Kind::kChunked, 0}},
      {"to HEAD",
       http::Method::kHead,
       {{":status", "200"}, {"content-length", "4"}},
       {},
       {},
       "head 200|end|",
       {}},
      {"not modified",
       http::Method::kGet,
       {{":status", "304"}, {"content-length", "4"}},
       {},
       {},
       "head 304|end|",
       {}},
      {"empty with a length",
       http::Method::kGet,
       {{":status", "200"}, {"content-length", "0"}},
       {},
       {},
       "head 200|end|",
       {Framing::Kind::kContentLength, 0}},
  };
  int32_t id = -1;
  for (const ResponseCase& c : cases) {
    SCOPED_TRACE(c.name);
    RecordingResponse response;
    http::RequestHead head = Get();
    head.method = c.method;
    head.method_text = c.method == http::Method::kHead ? "HEAD" : "GET";
    const auto stream = Ask(response, head);
    id += 2;
    Run();
    server().Head(id, c.head, c.data.empty());
    for (size_t i = 0; i < c.data.size(); ++i) {
      const bool last = i + 1 == c.data.size();
      server().Data(id, c.data[i], last && c.trailers.empty(),
                    last ? c.trailers : FakeServer::Fields());
    }
    Run();
    EXPECT_EQ(response.events, c.events);
    ASSERT_NE(response.head, nullptr);
    EXPECT_EQ(response.head->framing, c.framing);
    EXPECT_EQ(response.head->version, http::Version::kHttp2);
    EXPECT_TRUE(stream->response_begun());
  }
  EXPECT_FALSE(codec().lost());
}

TEST_F(ClientCodecTest, ReportsInterimResponsesAndAReasonPhrase) {
  RecordingResponse response;
  const auto stream = Ask(response);
  Run();
  server().Head(1, {{":status", "103"}, {"link", "</a>"}});
  server().Head(1, {{":status", "404"}}, true);
  Run();
  EXPECT_EQ(response.events, "interim 103|head 404|end|");
  EXPECT_EQ(response.head->reason, "Not Found");
}

TEST_F(ClientCodecTest, FlushesOncePerRead) {
  RecordingResponse response;
  const auto stream = Ask(response);
  Run();
  wire_->reading = false;  // collects what follows into one read
  server().Head(1, {{":status", "200"}});
  server().Data(1, "ab");
  server().Data(1, "cd");
  wire_->reading = true;
  wire_->Deliver();
  EXPECT_EQ(response.body, "abcd");
  EXPECT_EQ(response.flushes, 1);
}

struct BadResponse {
  const char* name;
  FakeServer::Fields head;
  std::string data;  // with END_STREAM
  ErrorReason reason;
  std::string detail;
};

TEST_F(ClientCodecTest, RefusesBadResponses) {
  limits_.header_bytes = 2000;
  limits_.header_count = 5;
  const std::string large(2000, 'x');
  const std::vector<BadResponse> cases = {
      {"no status", {{"a", "b"}}, "", ErrorReason::kProtocolError, ""},
      {"101", {{":status", "101"}}, "", ErrorReason::kProtocolError, ""},
      {"a connection-specific field",
       {{":status", "200"}, {"connection", "close"}},
       "",
       ErrorReason::kProtocolError,
       ""},
      {"a line end in a value",
       {{":status", "200"}, {"x", "a\r\nb: c"}},
       "",
       ErrorReason::kProtocolError,
       ""},
      {"two lengths",
       {{":status", "200"}, {"content-length", "2"}, {"content-length", "3"}},
       "ab",
       ErrorReason::kProtocolError,
       ""},
      {"less than its length",
       {{":status", "200"}, {"content-length", "3"}},
       "ab",
       ErrorReason::kProtocolError,
       "the upstream's response breaks the rules of HTTP/2 for messages"},
      {"more than its length",
       {{":status", "200"}, {"content-length", "1"}},
       "ab",
       ErrorReason::kProtocolError,
       "the upstream's response breaks the rules of HTTP/2 for messages"},
      {"too many bytes",
       {{":status", "200"}, {"x", large}},
       "",
       ErrorReason::kHeadTooLarge,
       "header section too large: more than bytes-key, 2000"},
      {"too many fields",
       {{":status", "200"}, {"a", ""}, {"b", ""}, {"c", ""}, {"d", ""}, {"e", ""}, {"f", ""}},
       "",
       ErrorReason::kHeadTooLarge,
       "too many header fields: more than count-key, 5"},
  };
  int32_t id = -1;
  for (const BadResponse& c : cases) {
    SCOPED_TRACE(c.name);
    RecordingResponse response;
    auto stream = Ask(response);
    id += 2;
    Run();
    server().Head(id, c.head, c.data.empty());
    if (!c.data.empty()) server().Data(id, c.data, true);
    Run();
    ASSERT_TRUE(response.error) << response.events;
    EXPECT_EQ(response.error->reason, c.reason) << response.error->detail;
    if (!c.detail.empty()) {
      EXPECT_EQ(response.error->detail, c.detail);
    }
    EXPECT_EQ(response.events.find("end|"), std::string::npos) << "a short success";
    stream.reset();
    Run();
    EXPECT_NE(server().Find("RST_STREAM " + std::to_string(id) + " "), "");
  }
  RecordingResponse response;
  const auto stream = Ask(response);
  Run();
  server().Answer(id + 2);
  Run();
  EXPECT_EQ(response.events, "head 200|body|end|") << "the connection goes on";
}

TEST_F(ClientCodecTest, AStatusThatNoHttp1ClientReadsIsAnError) {
  RecordingResponse response;
  const auto stream = Ask(response);
  Run();
  server().Head(1, {{":status", "700"}}, true);
  Run();
  ASSERT_TRUE(response.error);
  EXPECT_EQ(response.error->detail, "malformed :status");
}

TEST_F(ClientCodecTest, TooManyInterimResponsesAreAnError) {
  RecordingResponse response;
  const auto stream = Ask(response);
  Run();
  for (int i = 0; i < 40; ++i) server().Head(1, {{":status", "102"}});
  Run();
  ASSERT_TRUE(response.error);
  EXPECT_EQ(response.error->detail, "too many interim responses");
}

// ---- the end of streams

TEST_F(ClientCodecTest, TheHandlerMayDestroyTheStreamWhereTheContractAllowsIt) {
  RecordingResponse ended, failed, flushed;
  auto first = Ask(ended);
  auto second = Ask(failed);
  auto third = Ask(flushed);
  ended.on_end = [&] { first.reset(); };
  failed.on_end = [&] { second.reset(); };
  flushed.on_flush = [&] { third.reset(); };
  Run();
  wire_->reading = false;
  server().Answer(1);
  server().Reset(3, NGHTTP2_INTERNAL_ERROR);
  server().Head(5, {{":status", "200"}});
  wire_->reading = true;
  wire_->Deliver();
  EXPECT_EQ(first, nullptr);
  EXPECT_EQ(second, nullptr);
  EXPECT_EQ(third, nullptr);
  EXPECT_EQ(codec().streams(), 0u);
  Run();
  EXPECT_EQ(server().Find("RST_STREAM"), "RST_STREAM 5 CANCEL");
}

TEST_F(ClientCodecTest, AnUnfinishedStreamIsCancelled) {
  RecordingResponse response;
  auto stream = Ask(response);
  Run();
  server().Head(1, {{":status", "200"}});
  Run();
  const int changes = changes_;
  stream.reset();
  EXPECT_GT(changes_, changes) << "its slot is free";
  server().Data(1, "late");  // crosses the reset
  Run();
  EXPECT_EQ(server().Find("RST_STREAM"), "RST_STREAM 1 CANCEL");
  EXPECT_EQ(response.events, "head 200|");
  EXPECT_FALSE(codec().lost());
}

TEST_F(ClientCodecTest, ACancelledRequestThatHasNotLeftIsNeverSent) {
  RecordingResponse response;
  auto stream = Ask(response, Post());
  stream->WriteBody("abc");
  stream.reset();
  Run();
  EXPECT_EQ(server().Count("HEADERS"), 0u);
  EXPECT_EQ(server().Count("RST_STREAM"), 0u);
}

TEST_F(ClientCodecTest, AnEarlyResponseEndsTheRequest) {
  RecordingResponse response;
  auto stream = Ask(response, Post());
  stream->WriteBody("abc");
  response.on_end = [&] { stream.reset(); };
  Run();
  server().Answer(1, "no");
  Run();
  EXPECT_EQ(response.events, "head 200|body|end|");
  EXPECT_EQ(server().Find("RST_STREAM"), "RST_STREAM 1 CANCEL");
}

TEST_F(ClientCodecTest, ARefusedStreamMayBeSentAgain) {
  RecordingResponse response;
  const auto stream = Ask(response, Post());
  Run();
  server().Reset(1, NGHTTP2_REFUSED_STREAM);
  Run();
  ASSERT_TRUE(response.error);
  EXPECT_EQ(response.error->reason, ErrorReason::kRefusedStream);
  EXPECT_EQ(response.error->retry(), base::RetrySafety::kAlways);
}

TEST_F(ClientCodecTest, StreamsAboveTheLastIdOfGoawayMayBeSentAgain) {
  RecordingResponse first, second;
  const auto kept = Ask(first);
  const auto lost = Ask(second);
  Run();
  server().Goaway(1);
  Run();
  ASSERT_TRUE(second.error);
  EXPECT_EQ(second.error->reason, ErrorReason::kRefusedStream);
  EXPECT_EQ(second.error->detail, "the upstream's GOAWAY came before the request");
  EXPECT_FALSE(codec().accepts_streams());
  server().Answer(1);
  Run();
  EXPECT_EQ(first.events, "head 200|body|end|");
}

TEST_F(ClientCodecTest, AResetIsAnErrorEvenWithNoErrorInIt) {
  for (const uint32_t code : {NGHTTP2_NO_ERROR, NGHTTP2_INTERNAL_ERROR}) {
    RecordingResponse response;
    const auto stream = Ask(response);
    Run();
    const int32_t id = code == NGHTTP2_NO_ERROR ? 1 : 3;
    server().Head(id, {{":status", "200"}});
    server().Data(id, "half");
    server().Reset(id, code);
    Run();
    EXPECT_EQ(response.events, "head 200|body|error|");
    EXPECT_EQ(response.error->reason, ErrorReason::kReset);
    EXPECT_FALSE(stream->reused()) << "not a connection that was about to close";
  }
}

TEST_F(ClientCodecTest, TheEndOfTheConnectionIsAnErrorOfAllItsStreams) {
  RecordingResponse begun, waiting, unsent;
  const auto first = Ask(begun);
  const auto second = Ask(waiting);
  Run();
  server().Head(1, {{":status", "200"}});
  server().Data(1, "half");
  Run();
  const auto third = Ask(unsent);
  wire_->ArriveEnd();
  Run();
  EXPECT_EQ(begun.events, "head 200|body|error|");
  EXPECT_EQ(begun.error->detail, "the upstream closed the connection within its response");
  EXPECT_EQ(waiting.error->reason, ErrorReason::kClosedEarly);
  EXPECT_TRUE(second->reused());
  EXPECT_EQ(unsent.error->reason, ErrorReason::kRefusedStream);
  EXPECT_TRUE(codec().lost());
}

TEST_F(ClientCodecTest, BytesThatAreNotHttp2EndTheConnection) {
  RecordingResponse response;
  const auto stream = Ask(response);
  io::RunReady(loop_);
  wire_->Arrive("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  io::RunReady(loop_);
  ASSERT_TRUE(response.error);
  EXPECT_EQ(response.error->reason, ErrorReason::kProtocolError) << response.error->detail;
  EXPECT_TRUE(codec().lost());
}

TEST_F(ClientCodecTest, StreamsMayOutliveTheConnection) {
  RecordingResponse response;
  const auto stream = Ask(response, Post());
  codec().Close();
  codec_.reset();
  stream->WriteBody("x");
  stream->WriteEnd({});
  stream->Flush();
  stream->PauseResponse(true);
  stream->PauseResponse(false);
  EXPECT_EQ(response.events, "");
  EXPECT_FALSE(wire_->open);
}

TEST_F(ClientCodecTest, ClosesWithGoaway) {
  codec();
  Run();
  codec().Close();
  server().Receive(std::exchange(wire_->sent, {}));
  EXPECT_EQ(server().Find("GOAWAY"), "GOAWAY 0 NO_ERROR");
}

// ---- limits and flow control

TEST_F(ClientCodecTest, ObeysTheLimitOfStreams) {
  EXPECT_EQ(codec().stream_limit(), ClientCodec::kAssumedStreams);
  server({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2}});
  Run();
  EXPECT_EQ(codec().stream_limit(), 2u);
  server().Settings({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 7}});
  Run();
  EXPECT_EQ(codec().stream_limit(), 7u);
}

TEST_F(ClientCodecTest, StreamsThatALowerLimitKeepsFromBeginningAreRefused) {
  server({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}});
  RecordingResponse first, second;
  wire_->reading = false;
  const std::string settings = std::exchange(wire_->inbox, {});
  const auto one = Ask(first);
  const auto two = Ask(second);
  wire_->Arrive(settings);  // before the requests leave
  Run();
  EXPECT_EQ(first.events + second.events, "error|");
  EXPECT_EQ(server().Count("HEADERS"), 1u);
}

TEST_F(ClientCodecTest, APausedStreamKeepsItsWindowClosedAndDelaysNoOther) {
  RecordingResponse slow, fast;
  const auto paused = Ask(slow);
  const auto other = Ask(fast);
  Run();
  paused->PauseResponse(true);
  server().Head(1, {{":status", "200"}});
  server().Data(1, std::string(1024 * 1024, 'x'));
  Run();
  EXPECT_EQ(slow.body.size(), 256u * 1024) << "one window";
  EXPECT_EQ(server().Count("WINDOW_UPDATE 1 "), 0u);
  EXPECT_NE(server().Count("WINDOW_UPDATE 0 "), 0u);
  server().Answer(3);
  Run();
  EXPECT_EQ(fast.events, "head 200|body|end|");
  paused->PauseResponse(false);
  Run();
  EXPECT_EQ(slow.body.size(), 1024u * 1024);
}

TEST_F(ClientCodecTest, ContentWaitsForTheUpstreamsWindow) {
  RecordingResponse response;
  const auto stream = Ask(response, Post());
  stream->WriteBody(std::string(100'000, 'x'));
  stream->Flush();
  io::RunReady(loop_);
  EXPECT_EQ(stream->buffered(), 100'000u - 65'535u);
  EXPECT_EQ(response.drained, 0);
  Run();  // the server opens its window
  EXPECT_EQ(stream->buffered(), 0u);
  EXPECT_EQ(response.drained, 1);
}

TEST_F(ClientCodecTest, APingIsAnswered) {
  codec();
  Run();
  const int reads = other_reads_;
  codec().Ping();
  Run();
  EXPECT_EQ(server().Count("PING"), 1u);
  EXPECT_EQ(other_reads_, reads + 1);
  EXPECT_EQ(content_reads_, 0);
}

}  // namespace
}  // namespace mantlet::http2
