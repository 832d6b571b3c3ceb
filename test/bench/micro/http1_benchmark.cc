// What a request and a response cost between bytes and bytes: parse, strip, forward.

#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "proxy/http1/head_writer.h"
#include "proxy/http1/request_parser.h"
#include "proxy/http1/response_parser.h"
#include "proxy/http1/serializer.h"

namespace mantlet {
namespace {

std::string Request(int64_t extra_headers) {
  std::string text =
      "GET /api/v1/items?page=2&sort=name HTTP/1.1\r\n"
      "Host: service.example.internal:8443\r\n"
      "User-Agent: curl/8.5.0 (x86_64-pc-linux-gnu)\r\n"
      "Accept: application/json\r\n";
  for (int64_t i = 0; i < extra_headers; ++i) {
    std::string line = "X-Header-" + std::to_string(i) + ": ";
    line.resize(58, 'v');
    text += line + "\r\n";
  }
  return text + "\r\n";
}

constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\n"
    "Date: Tue, 15 Nov 1994 08:12:31 GMT\r\n"
    "Server: nginx\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 5\r\n"
    "Connection: keep-alive\r\n"
    "\r\n"
    "hello";

// Forwards heads if asked to, and forgets everything else.
class Sink : public http::RequestSink, public http::ResponseSink {
 public:
  explicit Sink(bool forward) : forward_(forward) {}

  void OnRequestHead(http::RequestHead& head) override {
    if (!forward_) return;
    out_.clear();
    http1::AppendRequestHead(head, {strip_, identity_, "192.0.2.1", "upstream"}, out_);
    benchmark::DoNotOptimize(out_.data());
  }
  void OnRequestBody(std::string_view) override {}
  void OnRequestTrailers(const http::HeaderList&) override {}
  void OnRequestEnd() override {}
  void OnInterimResponse(http::ResponseHead&) override {}
  void OnResponseHead(http::ResponseHead& head) override {
    if (!forward_) return;
    out_.clear();
    http1::AppendResponseHead(head, http1::ResponseOptions(), out_);
    benchmark::DoNotOptimize(out_.data());
  }
  void OnResponseBody(std::string_view) override {}
  void OnResponseTrailers(const http::HeaderList&) override {}
  void OnResponseEnd() override {}

 private:
  const bool forward_;
  identity::StripSet strip_;
  identity::RenderedIdentity identity_{
      identity::RenderedIdentity::IncomingXfcc::kRemove, "",
      "x-forwarded-client-cert: Hash=00;Subject=\"CN=client\"\r\nX-User: alice\r\n"};
  std::string out_;
};

void RunRequests(benchmark::State& state, bool forward) {
  const std::string request = Request(state.range(0));
  http1::RequestParser parser{http1::ParserLimits()};
  Sink sink(forward);
  for (auto _ : state) {
    if (parser.Parse(request, sink).status != http1::ParseResult::Status::kMessageEnd) {
      state.SkipWithError("the request was not parsed");
      break;
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(request.size()));
}

void ParseRequest(benchmark::State& state) { RunRequests(state, false); }
BENCHMARK(ParseRequest)->Arg(0)->Arg(20);

void ParseAndForwardRequest(benchmark::State& state) { RunRequests(state, true); }
BENCHMARK(ParseAndForwardRequest)->Arg(0)->Arg(20);

void RunResponses(benchmark::State& state, bool forward) {
  http1::ResponseParser parser{http1::ParserLimits()};
  Sink sink(forward);
  for (auto _ : state) {
    parser.Begin(http::Method::kGet, false);
    if (parser.Parse(kResponse, sink).status != http1::ParseResult::Status::kMessageEnd) {
      state.SkipWithError("the response was not parsed");
      break;
    }
  }
}

void ParseResponse(benchmark::State& state) { RunResponses(state, false); }
BENCHMARK(ParseResponse);

void ParseAndForwardResponse(benchmark::State& state) { RunResponses(state, true); }
BENCHMARK(ParseAndForwardResponse);

void StripSetLooksUpOrdinaryNames(benchmark::State& state) {
  const identity::StripSet strip;
  constexpr std::string_view kNames[] = {
      "Host",   "User-Agent",    "Accept",       "Accept-Encoding",
      "Cookie", "Authorization", "X-Request-Id", "Traceparent"};
  for (auto _ : state) {
    for (const std::string_view name : kNames) benchmark::DoNotOptimize(strip.Contains(name));
  }
  state.SetItemsProcessed(state.iterations() * std::ssize(kNames));
}
BENCHMARK(StripSetLooksUpOrdinaryNames);

void StripSetFindsAliases(benchmark::State& state) {
  const identity::StripSet strip;
  for (auto _ : state) benchmark::DoNotOptimize(strip.Contains("X_Forwarded.Client-CERT"));
}
BENCHMARK(StripSetFindsAliases);

void AppendChunk(benchmark::State& state) {
  const std::string data(static_cast<size_t>(state.range(0)), 'd');
  std::string out;
  for (auto _ : state) {
    out.clear();
    http1::AppendChunkHeader(out, data.size());
    out.append(data).append(http1::kChunkEnd);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(AppendChunk)->Arg(100)->Arg(16 * 1024);

}  // namespace
}  // namespace mantlet

BENCHMARK_MAIN();
