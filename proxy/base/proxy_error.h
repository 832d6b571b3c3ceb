// ErrorReason is why a request failed. Everything else follows from the reason and is defined only
// here: whose fault it is, the HTTP status of the response, the label in metrics and logs, whether
// a retry on another upstream connection is allowed, and the sentence that the client may see.
// Plain values; any thread.

#ifndef MANTLET_PROXY_BASE_PROXY_ERROR_H_
#define MANTLET_PROXY_BASE_PROXY_ERROR_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace mantlet::base {

enum class Fault : uint8_t { kDownstream, kUpstream, kUs };

// RetrySafety states whether the same request may be sent again on another upstream connection.
enum class RetrySafety : uint8_t {
  // Includes failures to connect: nothing reached the upstream, but all addresses were tried, and a
  // second attempt would fail in the same way.
  kNever,
  // The upstream may have processed the request. A retry is allowed only for an idempotent method
  // (RFC 9110 section 9.2.2) whose body, if any, is still buffered, and only on a connection that
  // had been used before: there a race with the upstream's idle timeout is the likely cause (RFC
  // 9112 section 9.3.1).
  kIfIdempotent,
  // The upstream has not processed the request (RFC 9113 section 8.7), so that any method may be
  // sent again, on another connection, if all of its content that was sent is still there.
  kAlways,
};

enum class ErrorReason : uint8_t {
  // Downstream.
  kBadRequest,           // 400
  kPolicyDenied,         // 403
  kRequestTimeout,       // 408: the head or the body did not arrive in time
  kRequestTooSlow,       // 408: the content came more slowly than limits.min_request_rate
  kContentTooLarge,      // 413
  kUriTooLong,           // 414
  kExpectationFailed,    // 417
  kMisdirected,          // 421
  kHeaderTooLarge,       // 431
  kNotImplemented,       // 501: an unsupported transfer coding or method
  kVersionNotSupported,  // 505
  kClientClosed,         // the client left before its response was complete; no status can be sent
  kClientWriteTimeout,   // the client does not read its response; no status can be sent
  kClientTooSlow,        // the client reads more slowly than limits.min_response_rate; no status
  kClientInvalid,        // the client is no longer accepted; no status can be sent
  kTimeoutTunnel,        // the tunnel was idle for too long; no status can be sent
  // Upstream.
  kConnectRefused,    // 502
  kConnectTimeout,    // 504
  kConnectFailed,     // 502: unreachable, no such socket file, …
  kResolveFailed,     // 502: the host's name has no address
  kReset,             // 502: connection reset before or within the response
  kClosedEarly,       // 502: closed before the response was complete
  kTimeoutHead,       // 504
  kTimeoutBody,       // 504 if the head has not been forwarded yet
  kTimeoutWrite,      // 504: the upstream does not read the request
  kProtocolError,     // 502: the response is not HTTP/1.1
  kHeadTooLarge,      // 502: the response's header section exceeds the limit
  kRefusedStream,     // 502: an HTTP/2 upstream refused the request before it processed any of it
  kUpstreamProtocol,  // 502: the request needs something that the upstream's protocol lacks
  // Us.
  kPoolExhausted,  // 503: too many requests wait for a connection to the upstream
  kTimeoutQueue,   // 503: no connection became free in time
  kQueueShed,      // 503: the queue for a connection does not drain
  kCircuitOpen,    // 503: no connection is attempted now, because the last ones failed
  kDraining,       // 503
  kOutOfMemory,    // 503: limits.memory is reached
  kOverloaded,     // 503: the worker has more to do than it can
  kInternal,       // 500
};
inline constexpr size_t kErrorReasonCount = static_cast<size_t>(ErrorReason::kInternal) + 1;

struct ErrorFacts {
  Fault fault;
  int status;              // 0: no response can be sent
  std::string_view label;  // mantlet_upstream_failures_total{reason}, "error" in the access log
  RetrySafety retry;
  std::string_view sentence;  // for the client; reveals no details
};

const ErrorFacts& FactsOf(ErrorReason reason);

// Returns whether mantlet_upstream_failures_total counts the reason: all faults of the upstream,
// and requests for which the pool had no connection or attempted none.
bool CountsAsUpstreamFailure(ErrorReason reason);

struct ProxyError {
  ErrorReason reason = ErrorReason::kInternal;
  std::string detail;  // for the log: errno text, parser message, limit and value
  // True if the detail describes only the client's own request, so that the client may see it.
  bool detail_for_client = false;

  ProxyError() = default;
  explicit ProxyError(ErrorReason why, std::string what = {})
      : reason(why), detail(std::move(what)) {}
  static ProxyError OfRequest(ErrorReason why, std::string_view what) {
    ProxyError error(why, std::string(what));
    error.detail_for_client = true;
    return error;
  }

  const ErrorFacts& facts() const { return FactsOf(reason); }
  Fault fault() const { return facts().fault; }
  int status() const { return facts().status; }
  std::string_view label() const { return facts().label; }
  RetrySafety retry() const { return facts().retry; }
  std::string_view sentence() const { return facts().sentence; }
  // Returns the sentence, with the detail if the client may see that.
  std::string ClientText() const;
};

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_PROXY_ERROR_H_
