// SingleRequest sends one small request over a connection of its own, and collects the response. It
// is for requests of mantlet's own: health checks, and probes that are forwarded. Clients' requests
// use a Pool.
//
// One loop's thread only.

#ifndef MANTLET_PROXY_UPSTREAM_SINGLE_REQUEST_H_
#define MANTLET_PROXY_UPSTREAM_SINGLE_REQUEST_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proxy/base/proxy_error.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/http/codec.h"
#include "proxy/http/forwarding.h"
#include "proxy/http/message.h"
#include "proxy/http1/client_codec.h"
#include "proxy/http2/client_codec.h"
#include "proxy/io/deferred_call.h"
#include "proxy/io/loop.h"
#include "proxy/io/socket_address.h"
#include "proxy/upstream/connector.h"

namespace mantlet::upstream {

class SingleRequest final : private http::ResponseHandler, private http2::ClientCodec::Observer {
 public:
  struct Request {
    bool http2 = false;  // HTTP/2 without TLS, by prior knowledge; otherwise HTTP/1.1
    http::Method method = http::Method::kGet;
    std::string method_text = "GET";
    std::string path;
    std::string host = "localhost";
    std::vector<std::pair<std::string, std::string>> fields = {};
    std::string content = {};
    bool grpc = false;
    size_t most_content = 0;  // a response with more content is an error, in bytes
    int64_t timeout_ms = 0;   // from the constructor to the end of the response
  };
  struct Response {
    std::optional<base::ProxyError> error = {};  // if set, the rest has no meaning
    int status = 0;
    std::string content_type = {};
    std::string content = {};
    std::string grpc_status = {};  // as received; empty if there was none
  };
  // Called once, never from inside the constructor. It may destroy the request.
  using Done = std::function<void(Response response)>;

  // `loop` and `connector` must outlive the request. The destructor cancels it.
  SingleRequest(io::Loop& loop, Connector& connector, const io::SocketAddress& address,
                Request request, Done done);
  ~SingleRequest();
  SingleRequest(const SingleRequest&) = delete;
  SingleRequest& operator=(const SingleRequest&) = delete;

 private:
  // http::ResponseHandler
  void OnInterimResponse(const http::ResponseHead&) override {}
  void OnResponseHead(const http::ResponseHead& head) override;
  void OnResponseBody(std::string_view piece) override;
  void OnResponseTrailers(const http::HeaderList& trailers) override { ReadGrpcStatus(trailers); }
  void OnResponseEnd() override { finish_.Schedule(); }
  void OnResponseFlush() override {}
  void OnRequestDrained() override {}
  void OnUpstreamError(base::ProxyError error) override { Fail(std::move(error)); }
  // http2::ClientCodec::Observer
  void OnReceived(bool) override {}
  void OnCodecChanged() override {}

  void Send(std::unique_ptr<io::ByteStream> stream);
  void ReadGrpcStatus(const http::HeaderList& fields);
  void Fail(base::ProxyError error);
  void Finish();
  void Close();

  io::Loop& loop_;
  const Request request_;
  const Done done_;
  http::RequestHead head_;
  const identity::StripSet strip_;
  const identity::RenderedIdentity identity_;  // none
  Response response_;
  base::FunctionTimer timer_;
  io::DeferredCall finish_;
  std::unique_ptr<Connector::Attempt> connecting_;
  std::unique_ptr<http1::ClientCodec> http1_;
  std::unique_ptr<http2::ClientCodec> http2_;
  std::unique_ptr<http::RequestWriter> stream_;  // of http2_
};

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_SINGLE_REQUEST_H_
