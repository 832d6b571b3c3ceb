// Any fields as a request of HTTP/2, through the whole codec: whatever it accepts is forwarded as a
// head of HTTP/1 that a strict reader takes for exactly one request, the same one.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "config/config.h"
#include "proxy/http1/head_writer.h"
#include "proxy/http1/request_parser.h"
#include "proxy/http2/server_codec.h"
#include "proxy/http2/session_memory.h"
#include "proxy/io/loop.h"
#include "test/fuzz/fuzz_input.h"
#include "test/proxy/http2/frames.h"
#include "test/proxy/io/memory_stream.h"

namespace mantlet::fuzz {
namespace {

using http2::testing::Fields;

// The request as it was accepted, and the text of HTTP/1 that it becomes.
struct Accepted {
  std::string method, target, authority, fields;
  std::string text;
  bool chunked = false;
  uint64_t length = 0;
};

// The fields that are forwarded unchanged, each with its size: two of them differ from one with a
// line end.
std::string ForwardedLines(const http::HeaderList& headers, const identity::StripSet& strip) {
  std::string lines;
  for (const http::HeaderView field : headers) {
    if (field.id != http::HeaderId::kOther || strip.Contains(field.name)) continue;
    if (field.name == "x-real-ip" || field.name == "cookie") continue;
    lines.append(std::to_string(field.value.size())).append(" ");
    lines.append(field.name).append(": ").append(field.value).append("\n");
  }
  return lines;
}

class Stream final : public http2::ServerStream::Handler {
 public:
  explicit Stream(http2::ServerCodec& codec) : stream(codec, *this) {}

  http2::ServerStream stream;
  std::optional<Accepted> accepted;
  bool refused = false;

 private:
  void OnRequestHead(http::RequestHead& head) override {
    const identity::StripSet strip{config::IdentityHeaders()};
    const identity::RenderedIdentity identity;
    Accepted& request = accepted.emplace();
    request.method = head.method_text;
    request.target = head.target;
    request.authority = head.authority;
    request.fields = ForwardedLines(head.headers, strip);
    request.chunked = head.framing.kind == http::Framing::Kind::kChunked;
    request.length = head.framing.length;
    http1::AppendRequestHead(head, {strip, identity, "192.0.2.1", "upstream", true}, request.text);
  }
  void OnRequestBody(std::string_view) override {}
  void OnRequestTrailers(const http::HeaderList&) override {}
  void OnRequestEnd() override {}
  void OnRequestRefused(const http::RequestHead&, base::ProxyError) override { refused = true; }
  void OnRequestFlush() override {}
  void OnRequestResumed() override {}
  void OnResponseDrained() override {}
  void OnStreamClosed(std::optional<base::ProxyError>) override {}
};

class Server final : private http2::ServerCodec::Handler {
 public:
  Server() : codec_(loop_, memory_, bytes_, {}, *this) {}

  // Returns the request, if it was accepted.
  std::optional<Accepted> Read(const Fields& fields, bool last) {
    codec_.Read(http2::testing::Opening() +
                http2::testing::Headers(
                    1, fields, last ? http2::testing::kWhole : http2::testing::kEndHeaders));
    if (stream_ == nullptr) return std::nullopt;
    Require(!(stream_->accepted && stream_->refused), "accepted and refused");
    return std::move(stream_->accepted);
  }

 private:
  http2::ServerStream& OnStreamBegins() override {
    Require(stream_ == nullptr, "two requests of one");
    stream_ = std::make_unique<Stream>(codec_);
    return stream_->stream;
  }
  void OnStreamRefused(bool) override {}
  void OnSent() override {}

  io::Loop loop_;
  http2::SessionMemory memory_{loop_.blocks()};
  std::shared_ptr<io::Wire> wire_ = std::make_shared<io::Wire>();
  io::MemoryStream bytes_{wire_};
  http2::ServerCodec codec_;
  std::unique_ptr<Stream> stream_;
};

// The strict reader of HTTP/1.
class Upstream final : public http::RequestSink {
 public:
  int requests = 0;
  std::string method, target, authority, fields;
  http::Framing framing;

 private:
  void OnRequestHead(http::RequestHead& head) override {
    ++requests;
    method = head.method_text;
    target = head.target;
    authority = head.authority;
    framing = head.framing;
    fields = ForwardedLines(head.headers, identity::StripSet{config::IdentityHeaders()});
  }
  void OnRequestBody(std::string_view) override {}
  void OnRequestTrailers(const http::HeaderList&) override {}
  void OnRequestEnd() override {}
};

void Check(const Fields& fields, bool last) {
  Server server;
  const std::optional<Accepted> accepted = server.Read(fields, last);
  if (!accepted) return;
  http1::ParserLimits generous;
  generous.header_bytes *= 4;
  generous.header_count *= 4;
  http1::RequestParser parser(generous);
  Upstream upstream;
  const http1::ParseResult result = parser.Parse(accepted->text, upstream);
  Require(result.status != http1::ParseResult::Status::kError, "forwarded what we refuse",
          result.error.detail, accepted->text);
  Require(upstream.requests == 1, "not one request", accepted->text);
  Require(result.consumed == accepted->text.size(), "a rest behind the request", accepted->text);
  Require(upstream.method == accepted->method, "another method", accepted->text);
  Require(upstream.target == accepted->target, "another target", accepted->text);
  Require(upstream.authority == accepted->authority, "another authority", accepted->text);
  Require(upstream.fields == accepted->fields, "other fields", upstream.fields, accepted->fields);
  Require((upstream.framing.kind == http::Framing::Kind::kChunked) == accepted->chunked,
          "another framing", accepted->text);
  Require(upstream.framing.length == accepted->length, "another length", accepted->text);
}

}  // namespace
}  // namespace mantlet::fuzz

// The first byte: whether content follows, and which pseudo-header fields are the input's. Then
// pairs of texts, each with its length in front.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mantlet::fuzz::Input input(data, size);
  const uint8_t options = input.Byte();
  mantlet::fuzz::Fields fields;
  const std::pair<const char*, const char*> pseudo[] = {
      {":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {":authority", "a"}};
  for (int i = 0; i < 4; ++i) {
    const bool own = (options >> (i + 1) & 1) != 0;
    fields.emplace_back(pseudo[i].first, own ? input.Text() : pseudo[i].second);
  }
  while (!input.Rest().empty()) {
    std::string name = input.Text();
    fields.emplace_back(std::move(name), input.Text());
  }
  mantlet::fuzz::Check(fields, (options & 1) != 0);
  return 0;
}
