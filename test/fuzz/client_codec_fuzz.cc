// Frames of an HTTP/2 upstream, cut anywhere, give the same responses. An independent reading of
// the frames bounds what a response may be: complete only after END_STREAM, with no more content
// than its DATA frames have, and with fields that are fields in HTTP/1, too.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/tokens.h"
#include "proxy/http2/client_codec.h"
#include "proxy/http2/session_memory.h"
#include "proxy/identity/identity_headers.h"
#include "proxy/identity/strip_set.h"
#include "test/fuzz/fuzz_input.h"
#include "test/proxy/io/loop_driver.h"
#include "test/proxy/io/memory_stream.h"

namespace mantlet::fuzz {
namespace {

constexpr size_t kStreams = 3;

// What one stream may have received at most.
struct Bound {
  size_t content = 0;
  bool ended = false;
};

// Reads the frames by RFC 9113 section 4.1 alone.
std::map<uint32_t, Bound> ReadFrames(std::string_view bytes) {
  std::map<uint32_t, Bound> bounds;
  const auto octet = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  while (bytes.size() >= 9) {
    const size_t size = size_t{octet(0)} << 16 | size_t{octet(1)} << 8 | octet(2);
    const uint8_t type = octet(3);
    const bool end_stream = (octet(4) & 1) != 0;
    const uint32_t id =
        (uint32_t{octet(5)} << 24 | uint32_t{octet(6)} << 16 | uint32_t{octet(7)} << 8 | octet(8)) &
        0x7fffffff;
    bytes.remove_prefix(9);
    const size_t there = std::min(size, bytes.size());
    if (type == 0) bounds[id].content += there;
    if (type <= 1 && end_stream && there == size) bounds[id].ended = true;
    bytes.remove_prefix(there);
  }
  return bounds;
}

void CheckFields(const http::HeaderList& fields) {
  for (const http::HeaderView field : fields) {
    Require(http::IsToken(field.name), "a name that is none", field.name);
    Require(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos,
            "a byte that ends a line", field.value);
  }
}

struct Response final : http::ResponseHandler {
  void OnInterimResponse(const http::ResponseHead& head) override {
    Require(!begun && !over, "an interim response behind the head");
    Require(head.status >= 100 && head.status < 200 && head.status != 101, "no interim status");
    CheckFields(head.headers);
    text += "interim " + std::to_string(head.status) + "\n";
  }
  void OnResponseHead(const http::ResponseHead& head) override {
    Require(!begun && !over, "two heads");
    Require(head.status >= 200 && head.status < 600, "no final status");
    CheckFields(head.headers);
    begun = true;
    text += "head " + std::to_string(head.status) + "\n" +
            std::string(head.headers.Lines(0, head.headers.size()));
  }
  void OnResponseBody(std::string_view piece) override {
    Require(begun && !over && !trailers_begun, "content outside of a response");
    body.append(piece);
  }
  void OnResponseTrailers(const http::HeaderList& trailers) override {
    Require(begun && !over && !trailers_begun, "trailers outside of a response");
    CheckFields(trailers);
    trailers_begun = true;
    text += "trailers\n" + std::string(trailers.Lines(0, trailers.size()));
  }
  void OnResponseEnd() override {
    Require(begun && !over, "an end without a response");
    over = ended = true;
  }
  void OnResponseFlush() override { Require(!over, "a flush behind the end"); }
  void OnRequestDrained() override { Require(!over, "an event behind the end"); }
  void OnUpstreamError(base::ProxyError error) override {
    Require(!over, "an error behind the end", error.detail);
    over = true;
    text += "error " + std::string(error.label()) + "\n";
  }

  std::string text, body;
  bool begun = false, trailers_begun = false, over = false, ended = false;
};

struct Ignored final : http2::ClientCodec::Observer {
  void OnReceived(bool) override {}
  void OnCodecChanged() override {}
};

using Responses = std::array<Response, kStreams>;

void Run(const std::vector<std::string_view>& pieces, bool head_request, Responses& responses) {
  static io::Loop& loop = *new io::Loop;
  static const identity::StripSet& strip = *new identity::StripSet;
  static const identity::RenderedIdentity& rendered = *new identity::RenderedIdentity;
  Ignored ignored;
  const auto wire = std::make_shared<io::Wire>();
  wire->piece_bytes = SIZE_MAX;
  http2::ClientCodec codec(loop, std::make_shared<http2::SessionMemory>(loop.blocks()),
                           std::make_unique<io::MemoryStream>(wire), {}, ignored);
  std::vector<std::unique_ptr<http2::ClientStream>> streams;
  http::RequestHead head;
  head.method = head_request ? http::Method::kHead : http::Method::kGet;
  head.method_text = head_request ? "HEAD" : "GET";
  head.target = "/";
  for (Response& response : responses) {
    streams.push_back(codec.OpenStream());
    streams.back()->WriteHead(head, {strip, rendered, "", "app"}, response);
    streams.back()->WriteEnd({});
  }
  io::RunReady(loop);
  for (const std::string_view piece : pieces) {
    if (!piece.empty()) wire->Arrive(piece);
  }
  io::RunReady(loop);
  streams.clear();
  codec.Close();
}

void Check(std::string_view bytes, size_t cut, bool head_request) {
  Responses whole, halves;
  Run({bytes}, head_request, whole);
  cut = std::min(cut, bytes.size());
  Run({bytes.substr(0, cut), bytes.substr(cut)}, head_request, halves);
  std::map<uint32_t, Bound> bounds = ReadFrames(bytes);
  for (size_t i = 0; i < kStreams; ++i) {
    Require(whole[i].text == halves[i].text, "a cut shows", whole[i].text, halves[i].text);
    Require(whole[i].body == halves[i].body, "a cut changes content", whole[i].body,
            halves[i].body);
    Require(whole[i].ended == halves[i].ended, "a cut moves the end", whole[i].text);
    const Bound& bound = bounds[static_cast<uint32_t>(2 * i + 1)];
    Require(!whole[i].ended || bound.ended, "a short success", whole[i].text);
    Require(whole[i].body.size() <= bound.content, "content from nowhere", whole[i].body);
  }
}

}  // namespace
}  // namespace mantlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mantlet::fuzz::Input input(data, size);
  const bool head_request = (input.Byte() & 1) != 0;
  const size_t cut = input.Byte();
  mantlet::fuzz::Check(input.Rest(), cut, head_request);
  return 0;
}
