// Any bytes, cut anywhere, read the same; and what was accepted, forwarded and
// parsed once more, has the same body and ends where we think it does.

#include <algorithm>
#include <string>
#include <string_view>

#include "proxy/http/tokens.h"
#include "proxy/http1/head_writer.h"
#include "proxy/http1/response_parser.h"
#include "proxy/http1/serializer.h"
#include "test/fuzz/fuzz_input.h"
#include "test/proxy/http1/parse_helpers.h"

namespace mantlet::fuzz {
namespace {

using http1::ParseResult;
using http1::testing::Asked;
using http1::testing::ParseResponse;
using http1::testing::Transcript;

class Forwarder : public http::ResponseSink {
 public:
  explicit Forwarder(const http1::ResponseOptions& how) : how_(how) {}
  std::string out;
  std::string body;
  http1::WrittenResponse forwarded;

 private:
  void OnInterimResponse(http::ResponseHead& head) override {
    http1::AppendInterimHead(head, how_.client_version, out);
  }
  void OnResponseHead(http::ResponseHead& head) override {
    forwarded = http1::AppendResponseHead(head, how_, out);
  }
  void OnResponseBody(std::string_view piece) override {
    body += piece;
    if (forwarded.framing.kind == http::Framing::Kind::kChunked) {
      http1::testing::AppendChunk(out, piece);
    } else {
      out += piece;
    }
  }
  void OnResponseTrailers(const http::HeaderList& list) override {
    http::ForwardResponseTrailers(list, trailers_);
  }
  void OnResponseEnd() override {
    if (forwarded.framing.kind == http::Framing::Kind::kChunked) {
      http1::AppendLastChunk(out, trailers_.Lines(0, trailers_.size()));
    }
  }

  const http1::ResponseOptions how_;
  http::HeaderList trailers_;
};

class Client : public http::ResponseSink {
 public:
  std::string body;

 private:
  void OnInterimResponse(http::ResponseHead&) override {}
  void OnResponseHead(http::ResponseHead&) override {}
  void OnResponseBody(std::string_view piece) override { body += piece; }
  void OnResponseTrailers(const http::HeaderList&) override {}
  void OnResponseEnd() override {}
};

void CheckSplits(std::string_view bytes, size_t cut, Asked asked, bool eof) {
  cut = std::min(cut, bytes.size());
  const Transcript whole = ParseResponse({bytes}, asked, eof);
  const Transcript halves = ParseResponse({bytes.substr(0, cut), bytes.substr(cut)}, asked, eof);
  http1::testing::Pieces single;
  for (size_t at = 0; at < bytes.size(); ++at) single.push_back(bytes.substr(at, 1));
  const Transcript bytewise = ParseResponse(single, asked, eof);
  for (const Transcript& other : {halves, bytewise}) {
    Require(whole.failed() == other.failed(), "a split decides", whole.text, other.text);
    if (whole.failed()) continue;
    Require(whole.text == other.text, "a split shows", whole.text, other.text);
    Require(whole.consumed == other.consumed, "a split moves the end", whole.text, other.text);
  }
}

// What is accepted although it is not quite the grammar is not passed on like that.
void CheckCleanHeads(std::string_view out) {
  while (out.starts_with("HTTP/1.1 ")) {
    const bool interim = out.substr(9, 1) == "1" && out.substr(9, 3) != "101";
    for (bool start_line = true;; start_line = false) {
      const size_t end = out.find("\r\n");
      Require(end != std::string_view::npos, "a line without CRLF", out);
      const std::string_view line = out.substr(0, end);
      out.remove_prefix(end + 2);
      Require(line.find_first_of("\r\n") == std::string_view::npos, "a bare CR or LF", line);
      if (line.empty()) break;
      Require(start_line || http::IsToken(line.substr(0, line.find(':'))), "no name", line);
    }
    if (!interim) return;
  }
}

void CheckForwarding(std::string_view bytes, Asked asked, http::Version client_version) {
  http1::ResponseOptions how;
  how.client_version = client_version;
  how.request_method = asked.method;
  Forwarder forwarder(how);
  http1::ResponseParser parser{http1::ParserLimits()};
  parser.Begin(asked.method, asked.upgrade);
  ParseResult result = parser.Parse(bytes, forwarder);
  if (result.status == ParseResult::Status::kNeedMore) result = parser.OnEof(forwarder);
  if (result.status == ParseResult::Status::kError) return;

  CheckCleanHeads(forwarder.out);
  http1::ParserLimits generous;
  generous.header_bytes *= 2;
  generous.header_count *= 2;
  http1::ResponseParser again(generous);
  Client client;
  again.Begin(asked.method, asked.upgrade);
  ParseResult second = again.Parse(forwarder.out, client);
  const bool until_close = forwarder.forwarded.framing.kind == http::Framing::Kind::kUntilClose;
  Require(until_close == (second.status == ParseResult::Status::kNeedMore), "another end", bytes,
          forwarder.out);
  if (until_close) second = again.OnEof(client);
  Require(second.status == ParseResult::Status::kMessageEnd, "forwarded what we refuse",
          second.error.detail, forwarder.out);
  Require(until_close || second.consumed == forwarder.out.size(), "bytes behind the end", bytes,
          forwarder.out);
  Require(forwarder.body == client.body, "another body", bytes, forwarder.out);
}

}  // namespace
}  // namespace mantlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using mantlet::http::Version;
  mantlet::fuzz::Input input(data, size);
  const uint8_t options = input.Byte();
  const size_t cut = input.Byte();
  const mantlet::http1::testing::Asked asked = {
      (options & 1) != 0 ? mantlet::http::Method::kHead : mantlet::http::Method::kGet,
      (options & 2) != 0};
  mantlet::fuzz::CheckSplits(input.Rest(), cut, asked, (options & 4) != 0);
  mantlet::fuzz::CheckForwarding(input.Rest(), asked,
                                 (options & 8) != 0 ? Version::kHttp10 : Version::kHttp11);
  return 0;
}
