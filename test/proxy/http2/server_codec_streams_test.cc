// Streams beside each other, flow control, responses, and the end of a connection.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "proxy/http2/server_codec.h"
#include "test/proxy/http2/codec_fixture.h"

namespace mantlet::http2::testing {
namespace {

constexpr uint32_t kCancel = 8;

class ServerCodecTest : public CodecFixture {
 protected:
  // The streams' windows for responses are closed from the first byte on.
  void OpenWithoutWindow() {
    Client(std::string(kPreface) + Setting(4, 0));
    EXPECT_EQ(Sent(), "SETTINGS-ACK");
  }
  // A stream of POST whose content is held back.
  void Pause(int32_t id) { Find(id)->stream.PauseRequest(true); }
};

// ---- refusals

TEST_F(ServerCodecTest, ARequestThatIsWellFormedButCannotBeForwardedIsAnswered) {
  Open();
  Client(Headers(1, Request("get")));
  EXPECT_EQ(Events(), "1!501 1#");
  EXPECT_EQ(Sent(),
            "H1:501,content-type=text/plain; charset=utf-8,content-length=25 "
            "D1:mantlet: Not Implemented\n+");
  Client(Headers(3, Request("GET", "/", {{"host", "b"}})) + Get(5));
  EXPECT_EQ(Events(), "3!400 5:GET/ 5. 3# 5#");
}

TEST_F(ServerCodecTest, ContentMayBeAsLongAsItsLimit) {
  ServerCodec::Options options;
  options.limits.body_bytes = 5;
  Restart(options);
  Open();
  Client(Post(1) + Data(1, "12345", kEndStream) + Post(3) + Data(3, "12345") + Data(3, "6"));
  EXPECT_EQ(Events(), "1:POST/ 1>12345 1. 3!413 1# 3#");
  Sent();
  Client(Post(5));
  Client(Data(5, "12345"));
  Client(Data(5, "6"));
  EXPECT_EQ(Events(), "5:POST/ 5>12345 5!413 5#");
  EXPECT_TRUE(Sent().ends_with("R5:NO_ERROR"));
  Client(Data(5, "7890") + Get(7));
  EXPECT_EQ(Events(), "7:GET/ 7. 7#") << "the rest of refused content is not an error";
}

TEST_F(ServerCodecTest, ASectionOverItsLimitIsAnsweredAndOneFarOverItEndsTheConnection) {
  ServerCodec::Options options;
  options.limits.header_bytes = 200;
  Restart(options);
  Open();
  Client(Headers(1, Request("GET", "/", {{"x", std::string(200, 'x')}})) + Get(3));
  EXPECT_EQ(Events(), "1!431 3:GET/ 3. 1# 3#");
  Sent();
  Client(Headers(5, Request("GET", "/", {{"x", std::string(900, 'x')}})));
  EXPECT_EQ(Sent(), "GOAWAY:5:ENHANCE_YOUR_CALM");
  EXPECT_EQ(codec_->violation(), Violation::kHeaderBlock);
}

// ---- streams beside each other

TEST_F(ServerCodecTest, RequestsOfOneReadAreDeliveredInTheirOrder) {
  Open();
  Client(Post(1) + Get(3) + Data(1, "abc") + Get(5) + Data(1, "", kEndStream));
  EXPECT_EQ(Events(), "1:POST/ 1>abc 1. 3:GET/ 3. 5:GET/ 5. 1# 3# 5#");
}

TEST_F(ServerCodecTest, AStreamTooManyIsRefusedAndWhatFollowsForItIsIgnored) {
  ServerCodec::Options options;
  options.streams = 2;
  Restart(options);
  answers_ = false;
  Client(Opening() + Post(1) + Post(3) + Post(5));
  EXPECT_EQ(Events(), "refused 1:POST/ 3:POST/");
  EXPECT_EQ(Sent(), "SETTINGS-ACK R5:REFUSED_STREAM");
  // The client has not heard of it yet.
  Client(Data(5, "abc"));
  Client(RstStream(1, kCancel) + Post(7) + Data(5, "abc", kEndStream));
  EXPECT_EQ(Events(), "7:POST/ 1#client_closed");
  EXPECT_EQ(Sent(), "");
  EXPECT_FALSE(codec_->violation()) << codec_->violation_detail();
}

TEST_F(ServerCodecTest, AClientThatKnowsTheLimitMustKeepIt) {
  ServerCodec::Options options;
  options.streams = 2;
  Restart(options);
  answers_ = false;
  Open();
  Client(Post(1) + Post(3));
  EXPECT_EQ(Sent(), "");
  Client(Post(5));
  EXPECT_EQ(Sent(), "GOAWAY:3:PROTOCOL_ERROR");
}

TEST_F(ServerCodecTest, ARequestThatIsResetInTheSameReadIsNotDelivered) {
  Open();
  Client(Get(1) + RstStream(1, kCancel) + Get(3));
  EXPECT_EQ(Events(), "3:GET/ 3. 1#client_closed 3#");
}

TEST_F(ServerCodecTest, AResetOfTheClientReachesTheRequest) {
  Open();
  Client(Post(1));
  Client(RstStream(1, kCancel));
  EXPECT_EQ(Events(), "1:POST/ 1#client_closed");
  Client(Data(1, "abc"));
  EXPECT_EQ(Sent(), "GOAWAY:1:STREAM_CLOSED");
}

TEST_F(ServerCodecTest, FramesForAStreamThatWeHaveResetAreIgnored) {
  Open();
  Client(Post(1));
  Find(1)->stream.Reset(kCancel);
  codec_->Send();
  EXPECT_EQ(Sent(), "R1:CANCEL");
  Client(Data(1, "abc") + WindowUpdate(1, 1) + Priority(1, 3) + Headers(1, {{"x", "y"}}) + Get(3));
  EXPECT_EQ(Events(), "1:POST/ 1# 3:GET/ 3. 3#");
  EXPECT_EQ(Sent(), "H3:200 D3:ok+");
}

TEST_F(ServerCodecTest, AResponseBeforeTheEndOfItsRequestEndsTheStream) {
  Open();
  Client(Post(1));
  Find(1)->Answer(200, "early");
  codec_->Send();
  EXPECT_EQ(Sent(), "H1:200 D1:early+ R1:NO_ERROR");
  Client(Data(1, "abc", kEndStream) + Get(3));
  EXPECT_EQ(Events(), "1:POST/ 1# 3:GET/ 3. 3#");
}

TEST_F(ServerCodecTest, TheEndOfARequestMayCrossTheEndOfItsResponse) {
  Client(std::string(kPreface) + Setting(4, 1'000'000) + WindowUpdate(0, 1'000'000));
  Sent();
  answers_ = false;
  Client(Post(1));
  // The kernel takes nothing: the last frame of the response is written, its RST_STREAM is not.
  wire_->room = 0;
  Find(1)->Answer(200, std::string(4 * 16384, 'x'));
  codec_->Send();
  ASSERT_GE(wire_->pending.size(), Transport::kOutputBytes);
  Client(Data(1, "", kEndStream));
  EXPECT_EQ(Events(), "1:POST/ 1#");
  wire_->Take(SIZE_MAX);
  codec_->OnDrained();
  Client(Get(5));
  EXPECT_FALSE(codec_->violation()) << codec_->violation_detail();
}

// ---- the windows of requests

// All WINDOW_UPDATE frames of a stream, added up.
size_t Opened(const std::string& words, int stream) {
  size_t sum = 0;
  const std::string mark = "W" + std::to_string(stream) + ":";
  for (size_t at = 0; (at = words.find(mark, at)) != words.npos; ++at) {
    sum += std::stoul(words.substr(at + mark.size()));
  }
  return sum;
}

TEST_F(ServerCodecTest, WhatIsPassedOnOpensTheWindowsAgain) {
  Open();
  Client(Post(1));
  size_t stream = 0, connection = 0;
  for (int i = 0; i < 200; ++i) {
    Client(Data(1, std::string(16384, 'x')));
    const std::string words = Sent();
    stream += Opened(words, 1);
    connection += Opened(words, 0);
  }
  EXPECT_EQ(content_bytes_, 200u * 16384);
  EXPECT_GE(stream, content_bytes_ - 256 * 1024);
  EXPECT_GE(connection, content_bytes_ - 1024 * 1024);
}

TEST_F(ServerCodecTest, PaddingOpensTheWindowsToo) {
  Open();
  Client(Post(1));
  for (int i = 0; i < 400; ++i) {
    Client(Frame(kData, kPadded, 1, Number(255, 1) + "x" + std::string(255, '\0')) +
           Frame(kData, kPadded, 1,
                 Number(255, 1) + std::string(15'000, 'x') + std::string(255, '\0')));
  }
  EXPECT_FALSE(codec_->violation()) << codec_->violation_detail();
  EXPECT_EQ(content_bytes_, 400u * 15'001);
}

TEST_F(ServerCodecTest, ContentThatHasNowhereToGoIsBoundedAndDelaysNoOtherStream) {
  Open();
  Client(Post(1) + Post(3));
  Pause(1);
  for (int i = 0; i < 5; ++i) Client(Data(1, std::string(13107, 'x')));
  EXPECT_EQ(Opened(Sent(), 1), 0u) << "its window stays closed";
  for (int i = 0; i < 200; ++i) Client(Data(3, std::string(16384, 'y')));
  EXPECT_FALSE(codec_->violation()) << codec_->violation_detail();
  Sent();
  Client(Data(1, "x"));
  EXPECT_EQ(Sent(), "R1:FLOW_CONTROL_ERROR");
  EXPECT_FALSE(codec_->violation()) << "an error of its stream only";
}

TEST_F(ServerCodecTest, APausedStreamGoesOn) {
  Open();
  Client(Post(1));
  Pause(1);
  for (int i = 0; i < 5; ++i) Client(Data(1, std::string(13107, 'x')));
  Sent();
  Find(1)->stream.PauseRequest(false);
  codec_->Send();
  EXPECT_EQ(Sent(), "W1:65535");
  EXPECT_EQ(Find(1)->resumed, 1);
}

TEST_F(ServerCodecTest, ContentForStreamsThatHaveEndedLeavesTheConnectionsWindowOpen) {
  Open();
  Client(Post(1));
  Find(1)->stream.Reset(kCancel);
  codec_->Send();
  size_t opened = 0;
  for (int i = 0; i < 200; ++i) {
    Client(Data(1, std::string(16384, 'x')));
    opened += Opened(Sent(), 0);
  }
  EXPECT_FALSE(codec_->violation()) << codec_->violation_detail();
  EXPECT_GE(opened, 200u * 16384 - 1024 * 1024);
}

// ---- responses

TEST_F(ServerCodecTest, WritesInterimHeadsContentAndTrailers) {
  answers_ = false;
  Open();
  Client(Get(1));
  http::ResponseHead hints;
  hints.status = 103;
  hints.headers.Add("Link", "</x>");
  Find(1)->stream.WriteInterim(hints);
  Find(1)->head.headers.Add("X-Y", "Z");
  Find(1)->Begin(200);
  Find(1)->stream.WriteBody("abc");
  Find(1)->stream.Flush();
  codec_->Send();
  EXPECT_EQ(Sent(), "H1:103,link=</x> H1:200,x-y=Z D1:abc");
  http::HeaderList trailers;
  trailers.Add("Grpc-Status", "0");
  Find(1)->stream.WriteEnd(trailers);
  codec_->Send();
  EXPECT_EQ(Sent(), "H1:,grpc-status=0+");
  EXPECT_EQ(Events(), "1:GET/ 1. 1#");
}

TEST_F(ServerCodecTest, AResponseWithoutContentEndsWithItsHead) {
  answers_ = false;
  Open();
  Client(Get(1) + Headers(3, Request("HEAD")) + Get(5) + Get(7));
  Find(1)->head.status = 204;
  Find(1)->stream.WriteHead(Find(1)->head);
  Find(1)->stream.WriteEnd({});
  Find(3)->head.headers.Add("Content-Length", "7");
  Find(3)->head.framing = {http::Framing::Kind::kContentLength, 7};
  Find(3)->head.status = 200;
  Find(3)->stream.WriteHead(Find(3)->head);
  Find(3)->stream.WriteEnd({});
  Find(5)->head.status = 304;
  Find(5)->stream.WriteHead(Find(5)->head);
  Find(5)->stream.WriteEnd({});
  EXPECT_EQ(Find(7)->stream.WriteLocalReply(503, "no").bytes, 12u);
  codec_->Send();
  EXPECT_EQ(Sent(),
            "H1:204+ H3:200,content-length=7+ H5:304+ "
            "H7:503,content-type=text/plain; charset=utf-8,content-length=12,retry-after=1 "
            "D7:mantlet: no\n+");
  Client(Headers(9, Request("HEAD")));
  EXPECT_EQ(Find(9)->stream.WriteLocalReply(503, "no").bytes, 0u);
  codec_->Send();
  EXPECT_EQ(Sent(),
            "H9:503,content-type=text/plain; charset=utf-8,content-length=12,retry-after=1+");
}

// By default, nghttp2 sends no section of more than 64 KiB, and reports nothing to the client.
TEST_F(ServerCodecTest, ALargeHeadIsSent) {
  answers_ = false;
  Open();
  Client(Get(1));
  for (int i = 0; i < 1000; ++i) Find(1)->head.headers.Add("x-y", std::string(100, 'v'));
  Find(1)->Answer(200, "ok");
  codec_->Send();
  const std::string sent = Sent();
  EXPECT_TRUE(sent.starts_with("H1:200,x-y=v")) << sent.substr(0, 100);
  EXPECT_TRUE(sent.ends_with(" D1:ok+")) << sent.substr(sent.size() > 100 ? sent.size() - 100 : 0);
  EXPECT_EQ(Events(), "1:GET/ 1. 1#");
}

TEST_F(ServerCodecTest, FlowControlHoldsContentBackAndNothingElse) {
  OpenWithoutWindow();
  Client(Get(1));
  EXPECT_EQ(Sent(), "H1:200");
  EXPECT_EQ(Find(1)->stream.buffered(), 2u);
  Client(WindowUpdate(1, 1));
  EXPECT_EQ(Sent(), "D1:o");
  EXPECT_EQ(Find(1)->drained, 0);
  Client(WindowUpdate(1, 1));
  EXPECT_EQ(Sent(), "D1:k+");
  EXPECT_EQ(Events(), "1:GET/ 1. 1#");
}

TEST_F(ServerCodecTest, AStreamWithoutWindowDelaysNoOther) {
  Open();
  answers_ = false;
  Client(Get(1) + Get(3));
  Find(1)->Answer(200, std::string(65'535, 'x'));
  Find(3)->Answer(200, "small");
  codec_->Send();
  Sent();
  EXPECT_EQ(log_->content[1].size() + log_->content[3].size(), 65'535u)
      << "the connection's window";
  Client(WindowUpdate(0, 1'000'000));
  Sent();
  EXPECT_EQ(log_->content[1].size(), 65'535u);
  EXPECT_EQ(log_->content[3], "small");
  Client(Get(5) + Get(7));
  Find(5)->Answer(200, std::string(100'000, 'x'));
  Find(7)->Answer(200, "other");
  codec_->Send();
  Sent();
  EXPECT_EQ(log_->content[5].size(), 65'535u) << "its own window";
  EXPECT_EQ(log_->content[7], "other");
}

TEST_F(ServerCodecTest, AClientThatTakesNothingMakesFramesWait) {
  Client(std::string(kPreface) + Setting(4, 0x7fffffff) + WindowUpdate(0, 0x7fff0000));
  Sent();
  answers_ = false;
  Client(Get(1) + Get(3));
  wire_->room = 0;
  Find(1)->Begin(200);
  for (int i = 0; i < 100; ++i) Find(1)->stream.WriteBody(std::string(16384, 'x'));
  codec_->Send();
  EXPECT_LE(wire_->pending.size(), 64u * 1024 + 16384 + 100);
  EXPECT_GE(Find(1)->stream.buffered(), 90u * 16384);
  Find(3)->Answer(200, "other");
  Find(1)->stream.WriteEnd({});
  for (int i = 0; i < 1000 && !exchanges_.empty(); ++i) {
    wire_->Take(20'000);
    if (wire_->pending.empty()) codec_->OnDrained();
    codec_->Send();
  }
  wire_->Take(SIZE_MAX);
  Sent();
  EXPECT_EQ(log_->content[1].size(), 100u * 16384);
  EXPECT_EQ(log_->content[3], "other");
  EXPECT_EQ(Events(), "1:GET/ 1. 3:GET/ 3. 3# 1#");
}

TEST_F(ServerCodecTest, AStreamWhoseContentHasLeftIsToldSo) {
  Open();
  answers_ = false;
  Client(Get(1));
  Find(1)->Begin(200);
  Find(1)->stream.WriteBody("abc");
  EXPECT_EQ(Find(1)->drained, 0);
  codec_->Send();
  EXPECT_EQ(Find(1)->drained, 1);
  codec_->Send();
  EXPECT_EQ(Find(1)->drained, 1) << "once";
}

TEST_F(ServerCodecTest, AResponseOfAStreamThatIsGoneIsDropped) {
  Open();
  answers_ = false;
  Client(Post(1));
  Exchange& exchange = *Find(1);
  exchange.Begin(200);
  exchange.stream.WriteBody("abc");
  exchange.stream.Reset(kCancel);
  codec_->Send();
  EXPECT_EQ(Sent(), "R1:CANCEL");
}

// ---- the end of a connection

TEST_F(ServerCodecTest, AClientIsAskedToOpenNoMoreStreamsAndThoseOnTheirWayAreServed) {
  Open();
  answers_ = false;
  Client(Get(1));
  codec_->SubmitShutdownNotice();
  codec_->Send();
  EXPECT_EQ(Sent(), "GOAWAY:all:NO_ERROR");
  Client(Get(3));
  EXPECT_EQ(Events(), "1:GET/ 1. 3:GET/ 3.");
  codec_->SubmitGoaway();
  codec_->Send();
  EXPECT_EQ(Sent(), "GOAWAY:3:NO_ERROR");
  Client(Post(5) + Data(5, "abc"));
  EXPECT_EQ(Events(), "draining");
  Find(1)->Answer(200, "one");
  codec_->Send();
  EXPECT_FALSE(codec_->finished());
  Find(3)->Answer(200, "two");
  codec_->Send();
  EXPECT_TRUE(codec_->finished());
  EXPECT_EQ(Sent(), "H1:200 D1:one+ H3:200 D3:two+");
}

TEST_F(ServerCodecTest, NoRequestBeginsOnceTheLastGoawayWaits) {
  Open();
  answers_ = false;
  Client(Get(1));
  codec_->SubmitGoaway();
  codec_->Read(Post(3) + Data(3, "abc", kEndStream));
  EXPECT_EQ(Events(), "1:GET/ 1. draining");
  codec_->Send();
  EXPECT_EQ(Sent(), "GOAWAY:1:NO_ERROR");
  Find(1)->Answer(200, "one");
  codec_->Send();
  EXPECT_EQ(Sent(), "H1:200 D1:one+");
  EXPECT_TRUE(codec_->finished());
}

TEST_F(ServerCodecTest, AClientThatSendsGoawayIsServedToItsEnd) {
  Open();
  answers_ = false;
  Client(Get(1) + Goaway(0, 0));
  EXPECT_FALSE(codec_->finished());
  Find(1)->Answer(200, "one");
  codec_->Send();
  EXPECT_EQ(Sent(), "H1:200 D1:one+");
  EXPECT_TRUE(codec_->finished());
}

TEST_F(ServerCodecTest, AHeaderBlockIsKnownFromItsFirstByteToItsLast) {
  Open();
  const std::string get = Get(1);
  Client(get.substr(0, 9));
  EXPECT_NE(codec_->header_block(), 0u) << "its frame has begun";
  Client(get.substr(9, 5));
  EXPECT_NE(codec_->header_block(), 0u);
  Client(get.substr(14));
  EXPECT_EQ(codec_->header_block(), 0u);
  const std::string block = Block(Request());
  Client(Frame(kHeaders, kEndStream, 3, block.substr(0, 9)));
  EXPECT_NE(codec_->header_block(), 0u);
  const std::string rest = Frame(kContinuation, kEndHeaders, 3, block.substr(9));
  Client(rest.substr(0, rest.size() - 1));
  EXPECT_NE(codec_->header_block(), 0u) << "its last frame is not complete";
  Client(rest.substr(rest.size() - 1));
  EXPECT_EQ(codec_->header_block(), 0u);
  EXPECT_EQ(Events(), "1:GET/ 1. 1# 3:GET/ 3. 3#");
}

TEST_F(ServerCodecTest, AHeaderBlockThatIsIgnoredEndsToo) {
  Open();
  answers_ = false;
  Client(Post(1));
  codec_->SubmitGoaway();
  codec_->Send();
  Client(Frame(kHeaders, 0, 3, ""));
  EXPECT_NE(codec_->header_block(), 0u);
  Client(Frame(kContinuation, kEndHeaders, 3, ""));
  EXPECT_EQ(codec_->header_block(), 0u);
}

}  // namespace
}  // namespace mantlet::http2::testing
