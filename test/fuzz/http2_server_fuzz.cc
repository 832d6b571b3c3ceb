// Any bytes of a client, cut anywhere, to the server's codec of HTTP/2. An independent reading of
// the frames says what may come of them: no request that was not complete, no more of them at a
// time than are allowed, no content that was not sent, and nothing after the end of a connection.

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/http2/server_codec.h"
#include "proxy/http2/session_memory.h"
#include "proxy/io/loop.h"
#include "test/fuzz/fuzz_input.h"
#include "test/proxy/http2/frames.h"
#include "test/proxy/io/memory_stream.h"

namespace mantlet::fuzz {
namespace {

constexpr uint32_t kStreams = 3;

// What the frames say about a stream.
struct Sent {
  bool head = false;  // a header section is complete
  bool end = false;   // END_STREAM was sent
  std::string content;
};

// Reads frames as far as they are whole, and the begin of DATA. It knows no HPACK and no state: it
// allows what any order of these frames could mean.
class Reading {
 public:
  void Add(std::string_view bytes) {
    bytes_.append(bytes);
    if (!preface_ && bytes_.size() >= http2::testing::kPreface.size()) {
      preface_ = true;
      bytes_.erase(0, http2::testing::kPreface.size());
    }
    while (preface_ && bytes_.size() >= 9) {
      const size_t size = Number(0, 3);
      if (bytes_.size() < 9 + size) break;
      Frame(static_cast<uint8_t>(bytes_[3]), static_cast<uint8_t>(bytes_[4]),
            static_cast<int32_t>(Number(5, 4) & 0x7fffffff), bytes_.substr(9, size));
      bytes_.erase(0, 9 + size);
    }
    // The begin of a DATA frame may be delivered before its end.
    begin_ = {};
    begin_id_ = 0;
    if (preface_ && bytes_.size() > 9 && bytes_[3] == http2::testing::kData) {
      begin_id_ = static_cast<int32_t>(Number(5, 4) & 0x7fffffff);
      begin_ = Content(static_cast<uint8_t>(bytes_[4]), bytes_.substr(9));
    }
  }
  const Sent& stream(int32_t id) { return streams_[id]; }
  std::string content(int32_t id) {
    return streams_[id].content + (id == begin_id_ ? begin_ : std::string());
  }

 private:
  uint32_t Number(size_t at, size_t size) const {
    uint32_t number = 0;
    for (size_t i = 0; i < size; ++i) number = number << 8 | static_cast<uint8_t>(bytes_[at + i]);
    return number;
  }
  static std::string Content(uint8_t flags, const std::string& payload) {
    return (flags & http2::testing::kPadded) != 0 && !payload.empty() ? payload.substr(1) : payload;
  }
  void Frame(uint8_t type, uint8_t flags, int32_t id, const std::string& payload) {
    Sent& stream = streams_[id];
    if (type == http2::testing::kData) {
      std::string content = Content(flags, payload);
      if ((flags & http2::testing::kPadded) != 0 && !payload.empty()) {
        const size_t padding = static_cast<uint8_t>(payload[0]);
        content.resize(content.size() - std::min(content.size(), padding));
      }
      stream.content += content;
    }
    if (type == http2::testing::kHeaders || type == http2::testing::kContinuation) {
      if ((flags & http2::testing::kEndHeaders) != 0) stream.head = true;
    }
    if (type == http2::testing::kHeaders || type == http2::testing::kData) {
      if ((flags & http2::testing::kEndStream) != 0) stream.end = true;
    }
  }

  std::string bytes_;
  bool preface_ = false;
  std::map<int32_t, Sent> streams_;
  int32_t begin_id_ = 0;
  std::string begin_;
};

class Server;

class Stream final : public http2::ServerStream::Handler {
 public:
  Stream(Server& server, http2::ServerCodec& codec) : stream(codec, *this), server_(server) {}

  http2::ServerStream stream;
  http::ResponseHead head;
  bool begun = false, ended = false, refused = false, paused = false;
  std::string content;

 private:
  void OnRequestHead(http::RequestHead& request) override;
  void OnRequestBody(std::string_view piece) override;
  void OnRequestTrailers(const http::HeaderList& trailers) override;
  void OnRequestEnd() override;
  void OnRequestRefused(const http::RequestHead& request, base::ProxyError error) override;
  void OnRequestFlush() override { Require(begun && !refused, "a flush without a request"); }
  void OnRequestResumed() override {}
  void OnResponseDrained() override {}
  void OnStreamClosed(std::optional<base::ProxyError> error) override;

  Server& server_;
};

class Server final : private http2::ServerCodec::Handler {
 public:
  explicit Server(uint8_t options)
      : options_(options), codec_(loop_, memory_, bytes_, Options(), *this) {}

  void Read(std::string_view bytes) {
    reading.Add(bytes);
    const bool over = codec_.finished() || codec_.violation().has_value();
    const size_t streams = begun_;
    codec_.Read(bytes);
    Require(!over || begun_ == streams, "a stream of a connection that has ended");
    codec_.Send();
    if (codec_.finished()) return;
    size_t active = 0;
    for (const auto& stream : streams_) active += stream->begun ? 1 : 0;
    Require(active <= kStreams, "more requests at a time than are allowed");
  }
  void Forget(const Stream& gone) {
    std::erase_if(streams_, [&](const auto& stream) { return stream.get() == &gone; });
  }
  uint8_t options() const { return options_; }

  Reading reading;

 private:
  static http2::ServerCodec::Options Options() {
    http2::ServerCodec::Options options;
    options.streams = kStreams;
    options.limits = {
        .target_bytes = 40, .header_bytes = 400, .header_count = 8, .body_bytes = 100};
    return options;
  }
  http2::ServerStream& OnStreamBegins() override {
    ++begun_;
    streams_.push_back(std::make_unique<Stream>(*this, codec_));
    return streams_.back()->stream;
  }
  void OnStreamRefused(bool) override {}
  void OnSent() override {}

  const uint8_t options_;
  io::Loop loop_;
  http2::SessionMemory memory_{loop_.blocks()};
  std::shared_ptr<io::Wire> wire_ = std::make_shared<io::Wire>();
  io::MemoryStream bytes_{wire_};
  http2::ServerCodec codec_;
  std::vector<std::unique_ptr<Stream>> streams_;
  size_t begun_ = 0;
};

void Stream::OnRequestHead(http::RequestHead& request) {
  Require(!begun && !refused, "two heads");
  Require(server_.reading.stream(stream.id()).head, "a request without its head");
  Require(stream.id() % 2 == 1, "a request of the server");
  Require(request.target.size() <= 40, "a target beyond its limit", request.target);
  begun = true;
  if ((server_.options() & 1) != 0) {
    head.status = 200;
    head.framing.kind = http::Framing::Kind::kChunked;
    stream.WriteHead(head);
    stream.WriteBody("early");
    stream.WriteEnd({});
  }
  if ((server_.options() & 2) != 0) stream.PauseRequest(paused = true);
  if ((server_.options() & 4) != 0) stream.Reset(NGHTTP2_INTERNAL_ERROR);
}

void Stream::OnRequestBody(std::string_view piece) {
  Require(begun && !ended && !refused, "content outside of a request");
  content += piece;
  Require(content.size() <= 100, "content beyond its limit");
  const std::string sent = server_.reading.content(stream.id());
  Require(std::string_view(sent).substr(0, content.size()) == content, "other content", sent,
          content);
}

void Stream::OnRequestTrailers(const http::HeaderList& trailers) {
  Require(begun && !ended && !refused, "trailers outside of a request");
  Require(trailers.size() <= 8, "more trailers than are allowed");
}

void Stream::OnRequestEnd() {
  Require(begun && !ended && !refused, "an end outside of a request");
  const Sent& sent = server_.reading.stream(stream.id());
  Require(sent.end, "an end that was not sent");
  Require(sent.content == content, "an end before the end of the content", sent.content, content);
  ended = true;
  if (stream.response_complete()) return;
  stream.WriteLocalReply(503, "no");
  stream.Flush();
}

void Stream::OnRequestRefused(const http::RequestHead&, base::ProxyError error) {
  Require(!ended && !refused, "a refusal outside of a request");
  Require(error.status() >= 400, "a refusal without a status");
  refused = true;
  if (stream.response_complete()) return;
  stream.WriteLocalReply(error.status(), "no");
  stream.Flush();
}

void Stream::OnStreamClosed(std::optional<base::ProxyError>) { server_.Forget(*this); }

}  // namespace
}  // namespace mantlet::fuzz

// The first byte: how the server behaves, and whether the preface is the input's. The second one:
// how many bytes a read brings.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mantlet::fuzz::Input input(data, size);
  const uint8_t options = input.Byte();
  const size_t cut = input.Byte();
  mantlet::fuzz::Server server(options);
  std::string bytes(input.Rest());
  if ((options & 0x80) == 0) bytes.insert(0, mantlet::http2::testing::Opening());
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const size_t piece = cut == 0 ? rest.size() : std::min(cut, rest.size());
    server.Read(rest.substr(0, piece));
    rest.remove_prefix(piece);
  }
  return 0;
}
