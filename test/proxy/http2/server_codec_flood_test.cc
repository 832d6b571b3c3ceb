// Clients that make more work than their requests are worth.

#include <cstddef>
#include <functional>
#include <string>

#include "gtest/gtest.h"
#include "proxy/http2/server_codec.h"
#include "test/proxy/http2/codec_fixture.h"

namespace mantlet::http2::testing {
namespace {

constexpr uint32_t kCancel = 8;

class ServerCodecFloodTest : public CodecFixture {
 protected:
  // Sends round after round until the connection ends; returns the words of its end.
  std::string Flood(const std::function<std::string(uint32_t)>& round, uint32_t most = 5000) {
    std::string words;
    for (uint32_t i = 0; i < most && !codec_->violation(); ++i) {
      Client(round(i));
      words = Sent();
    }
    const size_t goaway = words.find("GOAWAY");
    if (goaway == words.npos) return codec_->violation() ? "silence" : "goes on";
    return words.substr(words.rfind(':') + 1);
  }
};

TEST_F(ServerCodecFloodTest, RequestsThatAreResetAtOnce) {
  Open();
  EXPECT_EQ(Flood([](uint32_t i) { return Get(2 * i + 1) + RstStream(2 * i + 1, kCancel); }),
            "ENHANCE_YOUR_CALM");
  EXPECT_EQ(codec_->violation(), Violation::kRapidReset);
}

TEST_F(ServerCodecFloodTest, RequestsThatAreResetBeforeTheirResponse) {
  Open();
  answers_ = false;
  EXPECT_EQ(Flood([](uint32_t i) {
              return (i == 0 ? "" : RstStream(2 * i - 1, kCancel)) + Get(2 * i + 1);
            }),
            "ENHANCE_YOUR_CALM");
  EXPECT_EQ(codec_->violation(), Violation::kRapidReset);
}

TEST_F(ServerCodecFloodTest, RequestsThatMakeUsResetTheirStream) {
  Open();
  answers_ = false;
  EXPECT_EQ(Flood([](uint32_t i) { return Post(2 * i + 1) + WindowUpdate(2 * i + 1, 0x7fffffff); }),
            "ENHANCE_YOUR_CALM");
  Restart({});
  Open();
  EXPECT_EQ(Flood([](uint32_t i) { return Headers(2 * i + 1, Request("GET", "/", {{"X", ""}})); }),
            "ENHANCE_YOUR_CALM");
  EXPECT_EQ(codec_->violation(), Violation::kRapidReset);
}

TEST_F(ServerCodecFloodTest, ManyRequestsAndResponsesAreNoFlood) {
  Open();
  EXPECT_EQ(Flood([](uint32_t i) { return Get(2 * i + 1) + WindowUpdate(0, 2); }), "goes on");
}

TEST_F(ServerCodecFloodTest, FramesThatServeNoRequest) {
  for (const std::string& frame :
       {Ping(), Ping(kAck), Settings(), Priority(1, 3), WindowUpdate(0, 1), Frame(0xbe, 0, 0, ""),
        Frame(0xa, 0, 0, "altsvc")}) {
    Restart({});
    Open();
    EXPECT_EQ(Flood([&](uint32_t) { return frame; }), "ENHANCE_YOUR_CALM")
        << "type " << static_cast<int>(frame[3]) << ", flags " << static_cast<int>(frame[4]);
    EXPECT_EQ(codec_->violation(), Violation::kControlFrames);
  }
}

TEST_F(ServerCodecFloodTest, FramesForAStreamThatIsGone) {
  const auto stream = [&] {
    Restart({});
    Open();
    Client(Post(1));
    Find(1)->stream.Reset(kCancel);
    codec_->Send();
  };
  for (const std::string& frame :
       {WindowUpdate(1, 1), Data(1, ""), Headers(1, {{"x", "y"}}), RstStream(1, kCancel)}) {
    stream();
    EXPECT_EQ(Flood([&](uint32_t) { return frame; }), "ENHANCE_YOUR_CALM")
        << "type " << static_cast<int>(frame[3]);
  }
}

TEST_F(ServerCodecFloodTest, FramesWithoutContent) {
  Open();
  Client(Post(1));
  EXPECT_EQ(Flood([](uint32_t) { return Data(1, ""); }), "ENHANCE_YOUR_CALM");
  EXPECT_EQ(codec_->violation(), Violation::kEmptyFrames);
  Restart({});
  Open();
  Client(Post(1));
  EXPECT_EQ(Flood([](uint32_t) { return Frame(kData, kPadded, 1, Number(0, 1)); }),
            "ENHANCE_YOUR_CALM")
      << "padding is no content";
}

TEST_F(ServerCodecFloodTest, AHeaderBlockWithoutEnd) {
  Open();
  Client(Frame(kHeaders, kEndStream, 1, ""));
  EXPECT_EQ(Flood([](uint32_t) { return Frame(kContinuation, 0, 1, ""); }), "ENHANCE_YOUR_CALM");
  Restart({});
  Open();
  Client(Frame(kHeaders, kEndStream, 1, Block(Request())));
  const std::string field = Block({{"x", std::string(1000, 'x')}});
  EXPECT_EQ(Flood([&](uint32_t) { return Frame(kContinuation, 0, 1, field); }),
            "ENHANCE_YOUR_CALM");
}

// nghttp2 decodes no longer field, and what follows it cannot be decoded then either.
TEST_F(ServerCodecFloodTest, AFieldThatNghttp2CannotReadIsExplained) {
  ServerCodec::Options options;
  options.limits.header_bytes = 200'000;
  Restart(options);
  Open();
  const auto request = [](uint32_t id, size_t size) {
    const std::string block = Block(Request("GET", "/", {{"x", std::string(size, 'x')}}));
    std::string bytes;
    for (size_t at = 0; at < block.size(); at += 16'384) {
      const bool last = at + 16'384 >= block.size();
      bytes += Frame(at == 0 ? kHeaders : kContinuation,
                     (at == 0 ? kEndStream : 0) | (last ? kEndHeaders : 0), id,
                     block.substr(at, 16'384));
    }
    return bytes;
  };
  Client(request(1, 65'000));
  EXPECT_FALSE(codec_->violation()) << codec_->violation_detail();
  Client(request(3, 66'000));
  EXPECT_EQ(codec_->violation(), Violation::kProtocolError);
  EXPECT_TRUE(codec_->violation_detail().starts_with("COMPRESSION_ERROR"));
  EXPECT_NE(codec_->violation_detail().find("64 KiB"), std::string::npos)
      << codec_->violation_detail();
}

TEST_F(ServerCodecFloodTest, ASmallBlockThatDecodesToALargeOne) {
  Open();
  // A field of 4000 bytes goes to the dynamic table, and is named by one byte from then on.
  std::string block = Block(Request());
  block += '\x40' + HpackString("x") + HpackString(std::string(4000, 'x'));
  block += std::string(16'000, '\xbe');
  Client(Frame(kHeaders, kWhole, 1, block.substr(0, 16384)));
  EXPECT_EQ(Sent(), "GOAWAY:1:ENHANCE_YOUR_CALM");
  EXPECT_EQ(codec_->violation(), Violation::kHeaderBlock);
}

TEST_F(ServerCodecFloodTest, NothingOfAClientIsReadAfterItsViolation) {
  Open();
  wire_->room = 0;  // and the client takes nothing
  EXPECT_EQ(Flood([](uint32_t) { return Ping(); }), "silence");
  Events();
  Client(Get(1) + Post(3));
  EXPECT_EQ(Events(), "");
}

TEST_F(ServerCodecFloodTest, AClientThatTakesNothingCannotMakeResponsesPileUp) {
  Open();
  wire_->room = 0;
  EXPECT_EQ(
      Flood(
          [](uint32_t i) { return (i == 0 ? "" : RstStream(2 * i - 1, kCancel)) + Get(2 * i + 1); },
          50'000),
      "silence");
}

}  // namespace
}  // namespace mantlet::http2::testing
