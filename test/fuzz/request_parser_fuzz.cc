// Any bytes, cut anywhere, read the same; and what was accepted, forwarded and
// parsed once more, is the same request with nothing of the identity family in
// it: a second reader cannot see another message than we did.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http1/head_writer.h"
#include "proxy/http1/request_parser.h"
#include "proxy/http1/serializer.h"
#include "test/fuzz/fuzz_input.h"
#include "test/proxy/http1/parse_helpers.h"

namespace mantlet::fuzz {
namespace {

using http1::testing::ParseRequests;
using http1::testing::Transcript;

config::IdentityHeaders IdentityConfig() {
  config::IdentityHeaders headers;
  headers.set = {{"X-User", config::IdentityField::kCn}};
  return headers;
}

// Re-serialises every request it sees, as an exchange does.
class Forwarder : public http::RequestSink {
 public:
  explicit Forwarder(bool append) {
    if (append) {
      identity_.incoming_xfcc = identity::RenderedIdentity::IncomingXfcc::kAppend;
      identity_.xfcc_element = "Hash=00";
    }
  }
  std::string out;
  int requests = 0;
  bool open = false;  // a head without its end
  std::string body;

 private:
  void OnRequestHead(http::RequestHead& head) override {
    ++requests;
    open = true;
    chunked_ = head.framing.kind == http::Framing::Kind::kChunked;
    trailers_.Clear();
    http1::AppendRequestHead(head, {strip_, identity_, "192.0.2.1", "upstream", true}, out);
  }
  void OnRequestBody(std::string_view piece) override {
    body += piece;
    if (chunked_) {
      http1::testing::AppendChunk(out, piece);
    } else {
      out += piece;
    }
  }
  void OnRequestTrailers(const http::HeaderList& trailers) override {
    http::ForwardRequestTrailers(trailers, strip_, trailers_);
  }
  void OnRequestEnd() override {
    open = false;
    if (chunked_) http1::AppendLastChunk(out, trailers_.Lines(0, trailers_.size()));
  }

  identity::StripSet strip_{IdentityConfig()};
  identity::RenderedIdentity identity_;
  bool chunked_ = false;
  http::HeaderList trailers_;
};

// What reaches the upstream, seen by a parser of its own.
class Upstream : public http::RequestSink {
 public:
  int requests = 0;
  std::string body;

 private:
  void OnRequestHead(http::RequestHead& head) override {
    ++requests;
    const identity::StripSet strip(IdentityConfig());
    for (const http::HeaderView field : head.headers) {
      const bool ours = field.id == http::HeaderId::kXForwardedClientCert ||
                        field.id == http::HeaderId::kXForwardedFor ||
                        field.id == http::HeaderId::kXForwardedHost ||
                        field.id == http::HeaderId::kXForwardedProto ||
                        field.id == http::HeaderId::kContentLength ||
                        field.id == http::HeaderId::kTransferEncoding;
      Require(ours || !strip.Contains(field.name), "forged identity", field.name, field.value);
    }
    for (http::HeaderId id : {http::HeaderId::kXForwardedFor, http::HeaderId::kXForwardedProto,
                              http::HeaderId::kHost}) {
      Require(head.headers.Count(id) == 1, "a field of ours is missing or doubled");
    }
  }
  void OnRequestBody(std::string_view piece) override { body += piece; }
  void OnRequestTrailers(const http::HeaderList&) override {}
  void OnRequestEnd() override {}
};

http1::ParseResult ParseAll(std::string_view bytes, const http1::ParserLimits& limits,
                            http::RequestSink& sink) {
  http1::RequestParser parser(limits);
  http1::ParseResult result;
  while (!bytes.empty()) {
    result = parser.Parse(bytes, sink);
    if (result.status == http1::ParseResult::Status::kError) break;
    bytes.remove_prefix(result.consumed);
  }
  return result;
}

void CheckSplits(std::string_view bytes, size_t cut, const http1::ParserLimits& limits) {
  cut = std::min(cut, bytes.size());
  const Transcript whole = ParseRequests({bytes}, limits);
  const Transcript halves = ParseRequests({bytes.substr(0, cut), bytes.substr(cut)}, limits);
  http1::testing::Pieces single;
  for (size_t at = 0; at < bytes.size(); ++at) single.push_back(bytes.substr(at, 1));
  const Transcript bytewise = ParseRequests(single, limits);
  for (const Transcript& other : {halves, bytewise}) {
    Require(whole.failed() == other.failed(), "a split decides", whole.text, other.text);
    if (!whole.failed()) Require(whole.text == other.text, "a split shows", whole.text, other.text);
  }
}

void CheckForwarding(std::string_view bytes, bool append) {
  Forwarder forwarder(append);
  const http1::ParseResult result = ParseAll(bytes, http1::ParserLimits(), forwarder);
  if (result.status == http1::ParseResult::Status::kError || forwarder.requests == 0) return;
  http1::ParserLimits generous;
  generous.header_bytes *= 4;
  generous.header_count *= 4;
  Upstream upstream;
  const http1::ParseResult again = ParseAll(forwarder.out, generous, upstream);
  Require(again.status != http1::ParseResult::Status::kError, "forwarded what we refuse",
          again.error.detail, forwarder.out);
  const bool again_open = again.status == http1::ParseResult::Status::kNeedMore;
  Require(again_open == forwarder.open, "another end", bytes, forwarder.out);
  Require(forwarder.requests == upstream.requests, "another number of requests", bytes,
          forwarder.out);
  Require(forwarder.body == upstream.body, "another body", bytes, forwarder.out);
}

}  // namespace
}  // namespace mantlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mantlet::fuzz::Input input(data, size);
  const uint8_t options = input.Byte();
  const size_t cut = input.Byte();
  mantlet::http1::ParserLimits limits;
  if ((options & 1) != 0) limits = {30, 120, 3, 20, 10};
  mantlet::fuzz::CheckSplits(input.Rest(), cut, limits);
  mantlet::fuzz::CheckForwarding(input.Rest(), (options & 2) != 0);
  return 0;
}
