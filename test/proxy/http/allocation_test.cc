// Counts allocations: a warm connection parses and forwards requests without any.

#include <gtest/gtest.h>

#include <string>

#include "proxy/http1/head_writer.h"
#include "proxy/http1/request_parser.h"
#include "proxy/http1/response_parser.h"
#include "test/allocation_count.h"

namespace mantlet::http {
namespace {

constexpr std::string_view kRequest =
    "POST /api/v1/items?page=2&sort=name HTTP/1.1\r\n"
    "Host: service.example.internal:8443\r\n"
    "User-Agent: curl/8.5.0 (x86_64-pc-linux-gnu)\r\n"
    "Accept: application/json\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-US,en;q=0.9\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef\r\n"
    "X-Request-Id: 7f6a4c1e-52a0-4f0e-9c39-6d1cfa0b8c11\r\n"
    "X-Forwarded-For: 203.0.113.7\r\n"
    "Connection: keep-alive\r\n"
    "Content-Type: application/json\r\n"
    "Transfer-Encoding: chunked\r\n"
    "\r\n"
    "5\r\nhello\r\n0\r\nChecksum: 1\r\n\r\n";

constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\n"
    "Date: Tue, 15 Nov 1994 08:12:31 GMT\r\n"
    "Server: nginx\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 5\r\n"
    "Connection: keep-alive\r\n"
    "\r\n"
    "hello";

class Exchange : public http::RequestSink, public http::ResponseSink {
 public:
  void Run(std::string_view request_bytes, std::string_view response_bytes) {
    upstream_.clear();
    downstream_.clear();
    ASSERT_EQ(requests_.Parse(request_bytes, *this).status,
              http1::ParseResult::Status::kMessageEnd);
    responses_.Begin(Method::kPost, false);
    ASSERT_EQ(responses_.Parse(response_bytes, *this).status,
              http1::ParseResult::Status::kMessageEnd);
  }

 private:
  void OnRequestHead(RequestHead& head) override {
    http1::AppendRequestHead(head, {strip_, identity_, "192.0.2.1", "upstream"}, upstream_);
  }
  void OnRequestBody(std::string_view piece) override { upstream_.append(piece); }
  void OnRequestTrailers(const HeaderList& trailers) override {
    trailers_.Clear();
    ForwardRequestTrailers(trailers, strip_, trailers_);
    upstream_.append(trailers_.Lines(0, trailers_.size()));
  }
  void OnRequestEnd() override {}
  void OnInterimResponse(ResponseHead&) override {}
  void OnResponseHead(ResponseHead& head) override {
    http1::AppendResponseHead(head, http1::ResponseOptions(), downstream_);
  }
  void OnResponseBody(std::string_view piece) override { downstream_.append(piece); }
  void OnResponseTrailers(const HeaderList&) override {}
  void OnResponseEnd() override {}

  http1::RequestParser requests_{http1::ParserLimits()};
  http1::ResponseParser responses_{http1::ParserLimits()};
  identity::StripSet strip_;
  identity::RenderedIdentity identity_{identity::RenderedIdentity::IncomingXfcc::kAppend, "Hash=00",
                                       "X-User: alice\r\n"};
  std::string upstream_;
  HeaderList trailers_;
  std::string downstream_;
};

TEST(AllocationTest, AWarmConnectionForwardsWithoutAllocating) {
  Exchange exchange;
  for (int i = 0; i < 3; ++i) exchange.Run(kRequest, kResponse);
  const size_t before = AllocationCount();
  for (int i = 0; i < 100; ++i) exchange.Run(kRequest, kResponse);
  EXPECT_EQ(AllocationCount() - before, 0u);
}

TEST(AllocationTest, CountsAllocationsAtAll) {
  const size_t before = AllocationCount();
  const std::string text(1000, 'x');
  EXPECT_GT(AllocationCount(), before) << text;
}

}  // namespace
}  // namespace mantlet::http
