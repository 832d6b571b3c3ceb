// A ServerCodec between a client of frames and a server of the test's, without a socket: what the
// codec makes of the client's bytes is written down as words, and so is what it sends.

#ifndef MANTLET_TEST_PROXY_HTTP2_CODEC_FIXTURE_H_
#define MANTLET_TEST_PROXY_HTTP2_CODEC_FIXTURE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "proxy/http2/server_codec.h"
#include "proxy/http2/server_stream.h"
#include "proxy/http2/session_memory.h"
#include "proxy/io/loop.h"
#include "test/proxy/http2/frame_log.h"
#include "test/proxy/http2/frames.h"
#include "test/proxy/io/memory_stream.h"

namespace mantlet::http2::testing {

class CodecFixture : public ::testing::Test, protected ServerCodec::Handler {
 protected:
  // One request, and its words: "1:GET/", content as "1>abc", trailers as "1;x: y", "1." for its
  // end, "1!400" for a refusal, "1#" for the end of the stream, with the reason if it was reset.
  class Exchange final : public ServerStream::Handler {
   public:
    explicit Exchange(CodecFixture& test) : stream(*test.codec_, *this), test_(test) {}

    void Answer(int status, std::string_view content, const http::HeaderList& trailers = {}) {
      Begin(status);
      stream.WriteBody(content);
      stream.WriteEnd(trailers);
      stream.Flush();
    }
    void Begin(int status) {
      head.status = status;
      head.framing.kind = http::Framing::Kind::kChunked;
      stream.WriteHead(head);
    }

    ServerStream stream;
    http::ResponseHead head;
    int drained = 0;
    int resumed = 0;

   private:
    void Say(std::string_view word) { test_.Say(std::to_string(stream.id()).append(word)); }
    void OnRequestHead(http::RequestHead& request) override {
      Say(":" + request.method_text + request.target);
    }
    void OnRequestBody(std::string_view piece) override {
      test_.content_bytes_ += piece.size();
      Say(">" + (piece.size() > 40 ? std::to_string(piece.size()) : std::string(piece)));
    }
    void OnRequestTrailers(const http::HeaderList& trailers) override {
      std::string text;
      for (const auto field : trailers) {
        text.append(";").append(field.name).append("=").append(field.value);
      }
      Say(text);
    }
    void OnRequestEnd() override {
      Say(".");
      if (test_.answers_) Answer(200, "ok");
    }
    void OnRequestRefused(const http::RequestHead&, base::ProxyError error) override {
      Say("!" + std::to_string(error.status()));
      stream.WriteLocalReply(error.status(), "");
      stream.Flush();
    }
    void OnRequestFlush() override {}
    void OnRequestResumed() override { ++resumed; }
    void OnResponseDrained() override { ++drained; }
    void OnStreamClosed(std::optional<base::ProxyError> error) override {
      Say("#" + std::string(error ? error->label() : ""));
      test_.Forget(*this);
    }

    CodecFixture& test_;
  };

  CodecFixture() { Restart({}); }

  void Restart(const ServerCodec::Options& options) {
    exchanges_.clear();
    codec_.reset();
    wire_->sent.clear();
    wire_->pending.clear();
    events_.clear();
    codec_ = std::make_unique<ServerCodec>(loop_, memory_, stream_, options,
                                           static_cast<ServerCodec::Handler&>(*this));
    log_ = std::make_unique<FrameLog>();
    codec_->Send();
    EXPECT_EQ(log_->Take(wire_->sent), "SETTINGS W0:983041");
  }
  // The client's preface, which is not a part of what Events() and Sent() return.
  void Open() {
    Client(Opening() + Frame(kSettings, kAck, 0, ""));
    EXPECT_EQ(Sent(), "SETTINGS-ACK");
  }
  // What one read brings, and what is sent after it.
  void Client(std::string_view bytes) {
    codec_->Read(bytes);
    codec_->Send();
  }
  // The words since the last call.
  std::string Events() { return std::exchange(events_, {}); }
  std::string Sent() { return log_->Take(wire_->sent); }

  Exchange* Find(int32_t id) {
    for (const auto& exchange : exchanges_) {
      if (exchange->stream.id() == id) return exchange.get();
    }
    ADD_FAILURE() << "no stream " << id;
    return exchanges_.front().get();
  }

  // ServerCodec::Handler
  ServerStream& OnStreamBegins() override {
    exchanges_.push_back(std::make_unique<Exchange>(*this));
    return exchanges_.back()->stream;
  }
  void OnStreamRefused(bool draining) override { Say(draining ? "draining" : "refused"); }
  void OnSent() override {}

  void Say(std::string word) {
    if (!events_.empty()) events_ += ' ';
    events_ += word;
  }
  void Forget(Exchange& gone) {
    std::erase_if(exchanges_, [&](const auto& exchange) { return exchange.get() == &gone; });
  }

  io::Loop loop_;
  SessionMemory memory_{loop_.blocks()};
  std::shared_ptr<io::Wire> wire_ = std::make_shared<io::Wire>();
  io::MemoryStream stream_{wire_};
  std::unique_ptr<ServerCodec> codec_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  std::unique_ptr<FrameLog> log_;
  std::string events_;
  size_t content_bytes_ = 0;
  bool answers_ = true;
};

}  // namespace mantlet::http2::testing

#endif  // MANTLET_TEST_PROXY_HTTP2_CODEC_FIXTURE_H_
