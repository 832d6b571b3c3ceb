// Http2Exchange is what Exchange is for HTTP/1.1: the server's side of one connection of HTTP/2 as
// a value, bytes in, bytes out.

#ifndef MANTLET_TEST_BENCH_UPSTREAM_HTTP2_EXCHANGE_H_
#define MANTLET_TEST_BENCH_UPSTREAM_HTTP2_EXCHANGE_H_

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "test/bench/upstream/exchange.h"

namespace mantlet::bench {

class Http2Exchange {
 public:
  // The first bytes of a client that speaks HTTP/2 without having asked (RFC 9113 section 3.4).
  static constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n";

  explicit Http2Exchange(const Answers& answers);
  ~Http2Exchange();
  Http2Exchange(const Http2Exchange&) = delete;

  // Takes the next bytes. Request content is read and forgotten. The paths are those of Answers;
  // the answer to /grpc has 100 bytes and the trailer grpc-status: 0, and /echo shows the fields as
  // HTTP/1.1 writes them.
  Exchange::Result Read(std::string_view bytes);

 private:
  struct Stream {
    std::string path, fields;
    std::string_view content;  // of the answer, what has not been sent
    bool trailers = false;
  };

  void OnHeader(int32_t stream_id, std::string_view name, std::string_view value);
  void OnRequestEnd(int32_t stream_id);
  ssize_t ReadContent(int32_t stream_id, Stream& stream, uint8_t* buffer, size_t size,
                      uint32_t* flags);
  Stream* Begin(int32_t stream_id);
  Stream* Find(int32_t stream_id) const;

  const Answers& answers_;
  nghttp2_session* session_ = nullptr;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<Stream*> free_;  // of streams_
  uint64_t requests_ = 0;
};

}  // namespace mantlet::bench

#endif  // MANTLET_TEST_BENCH_UPSTREAM_HTTP2_EXCHANGE_H_
