// Http2Client is the client's side of HTTP/2 on one connection: it sends the same request on any
// number of streams and reports each response. Its windows are so large that a server never waits
// for them. It reads and writes bytes in memory; the connection that owns it does the I/O.
//
// One thread.

#ifndef MANTLET_TEST_BENCH_LOAD_HTTP2_CLIENT_H_
#define MANTLET_TEST_BENCH_LOAD_HTTP2_CLIENT_H_

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test/bench/load/options.h"

namespace mantlet::bench {

class Http2Client {
 public:
  // Request is what all streams of all connections send.
  struct Request {
    explicit Request(const Options& options);

    std::vector<std::pair<std::string, std::string>> fields;
    uint64_t upload = 0;  // bytes of content
    bool grpc = false;    // the response must end with the trailer grpc-status: 0
  };
  struct Response {
    int64_t began_ns = 0;  // what Submit() was called with
    // 0 if the stream was reset, or if the trailers that gRPC requires are missing.
    int status = 0;
  };

  // `request` must outlive the client.
  explicit Http2Client(const Request& request);
  ~Http2Client();
  Http2Client(const Http2Client&) = delete;

  // Opens a stream; its frames are among those that Write() appends.
  void Submit(int64_t began_ns);
  // Takes bytes from the server. Returns false if they are not HTTP/2.
  bool Receive(std::string_view bytes);
  // Appends frames until `output` has `most` bytes or none are left.
  void Write(std::string& output, size_t most);
  // Returns the next response that is complete, if any.
  std::optional<Response> TakeResponse();

 private:
  struct Stream {
    Response response;
    uint64_t upload_left = 0;
    bool grpc_ok = false;
  };

  void OnHeader(int32_t stream_id, std::string_view name, std::string_view value);
  void OnStreamClose(int32_t stream_id, uint32_t error_code);
  Stream* Find(int32_t stream_id) const;

  const Request& request_;
  nghttp2_session* session_ = nullptr;
  std::vector<nghttp2_nv> fields_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<Stream*> free_;  // of streams_
  std::deque<Response> responses_;
};

}  // namespace mantlet::bench

#endif  // MANTLET_TEST_BENCH_LOAD_HTTP2_CLIENT_H_
