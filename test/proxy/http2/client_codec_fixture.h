// A ClientCodec on a stream in memory, with a server that nghttp2 plays.

#ifndef MANTLET_TEST_PROXY_HTTP2_CLIENT_CODEC_FIXTURE_H_
#define MANTLET_TEST_PROXY_HTTP2_CLIENT_CODEC_FIXTURE_H_

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gtest/gtest.h"
#include "proxy/http2/client_codec.h"
#include "proxy/http2/session_memory.h"
#include "proxy/identity/identity_headers.h"
#include "proxy/identity/strip_set.h"
#include "test/proxy/http2/fake_server.h"
#include "test/proxy/io/loop_driver.h"
#include "test/proxy/io/memory_stream.h"

namespace mantlet::http2 {

// What a handler was called with, as text: "head 200 …|body ok|end|".
struct RecordingResponse final : http::ResponseHandler {
  void OnInterimResponse(const http::ResponseHead& head) override {
    events += "interim " + std::to_string(head.status) + "|";
  }
  void OnResponseHead(const http::ResponseHead& given) override {
    head = &given;
    events += "head " + std::to_string(given.status) + "|";
  }
  void OnResponseBody(std::string_view piece) override {
    body.append(piece);
    if (events.ends_with("body|")) return;
    events += "body|";
  }
  void OnResponseTrailers(const http::HeaderList& trailers) override {
    for (const http::HeaderView field : trailers) {
      events += "trailer " + std::string(field.name) + "=" + std::string(field.value) + "|";
    }
  }
  void OnResponseEnd() override {
    events += "end|";
    if (on_end) on_end();
  }
  void OnResponseFlush() override {
    ++flushes;
    if (on_flush) on_flush();
  }
  void OnRequestDrained() override { ++drained; }
  void OnUpstreamError(base::ProxyError why) override {
    error = std::move(why);
    events += "error|";
    if (on_end) on_end();
  }

  const http::ResponseHead* head = nullptr;
  std::string events, body;
  std::optional<base::ProxyError> error;
  int flushes = 0, drained = 0;
  std::function<void()> on_end, on_flush;
};

class ClientCodecTest : public testing::Test, public ClientCodec::Observer {
 protected:
  ClientCodec& codec() {
    if (codec_ == nullptr) {
      codec_ = std::make_unique<ClientCodec>(
          loop_, memory_, std::make_unique<io::MemoryStream>(wire_), limits_, *this);
    }
    return *codec_;
  }
  // The settings count in the first call.
  FakeServer& server(std::initializer_list<nghttp2_settings_entry> settings = {}) {
    if (server_ == nullptr) {
      server_ = std::make_unique<FakeServer>(
          [this](std::string_view bytes) {
            if (wire_->open) wire_->Arrive(bytes);
          },
          settings);
    }
    return *server_;
  }
  // Lets both sides send what they have, until neither has more.
  void Run() {
    for (int i = 0; i < 10; ++i) {
      io::RunReady(loop_);
      server().Receive(std::exchange(wire_->sent, {}));
    }
  }

  http::RequestForwarding how() const { return {strip_, identity_, "192.0.2.1", "app"}; }
  static http::RequestHead Get(std::string_view path = "/x") {
    http::RequestHead head;
    head.method_text = "GET";
    head.target = path;
    head.authority = "a.example";
    return head;
  }
  static http::RequestHead Post() {
    http::RequestHead head = Get();
    head.method = http::Method::kPost;
    head.method_text = "POST";
    head.framing.kind = http::Framing::Kind::kChunked;
    return head;
  }
  // Sends a request without content on a new stream.
  std::unique_ptr<ClientStream> Ask(RecordingResponse& response,
                                    const http::RequestHead& head = Get()) {
    std::unique_ptr<ClientStream> stream = codec().OpenStream();
    stream->WriteHead(head, how(), response);
    if (!head.framing.has_body()) stream->WriteEnd({});
    stream->Flush();
    return stream;
  }

  // ClientCodec::Observer
  void OnReceived(bool content) override { content ? ++content_reads_ : ++other_reads_; }
  void OnCodecChanged() override { ++changes_; }

  io::Loop loop_;
  std::shared_ptr<SessionMemory> memory_ = std::make_shared<SessionMemory>(loop_.blocks());
  std::shared_ptr<io::Wire> wire_ = std::make_shared<io::Wire>();
  ResponseLimits limits_{64 * 1024, 1000, "bytes-key", "count-key"};
  const identity::StripSet strip_;
  const identity::RenderedIdentity identity_;
  std::unique_ptr<ClientCodec> codec_;
  std::unique_ptr<FakeServer> server_;
  int content_reads_ = 0, other_reads_ = 0, changes_ = 0;
};

}  // namespace mantlet::http2

#endif  // MANTLET_TEST_PROXY_HTTP2_CLIENT_CODEC_FIXTURE_H_
