// What went wrong with a request, as one value. Whose fault it is, the HTTP
// status we answer with, the label in metrics and logs, whether another upstream
// connection may be tried and the sentence a client may read all follow from the
// reason; nothing else in the proxy decides these. Plain values; any thread.

#ifndef MANTLET_PROXY_BASE_PROXY_ERROR_H_
#define MANTLET_PROXY_BASE_PROXY_ERROR_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace mantlet::base {

enum class Fault : uint8_t { kDownstream, kUpstream, kUs };

// May the same request be sent again on another upstream connection?
enum class RetrySafety : uint8_t {
  // Also where nothing of the request can have reached the upstream: no connection could be
  // opened to any of its addresses, and a second attempt would meet the same.
  kNever,
  // The upstream may have acted on it: only for an idempotent method (RFC 9110
  // section 9.2.2) whose body, if any, is still in our hands, and only when the
  // connection had been used before, so that a race with its idle timeout is the
  // likely cause (RFC 9112 section 9.3.1).
  kIfIdempotent,
};

enum class ErrorReason : uint8_t {
  // Downstream.
  kBadRequest,           // 400
  kPolicyDenied,         // 403
  kRequestTimeout,       // 408: head or body did not arrive in time
  kContentTooLarge,      // 413
  kUriTooLong,           // 414
  kExpectationFailed,    // 417
  kMisdirected,          // 421
  kHeaderTooLarge,       // 431
  kNotImplemented,       // 501: a transfer coding or method we do not do
  kVersionNotSupported,  // 505
  kClientClosed,         // it left before its response was complete; no status can be sent
  kClientWriteTimeout,   // it takes no bytes of its response; no status can be sent
  kClientInvalid,        // it would not be let in any more; no status can be sent
  kTimeoutTunnel,        // nothing moved in its tunnel; no status can be sent
  // Upstream.
  kConnectRefused,  // 502
  kConnectTimeout,  // 504
  kConnectFailed,   // 502: unreachable, no such socket file, …
  kResolveFailed,   // 502: the host's name has no address
  kReset,           // 502: connection reset before or within the response
  kClosedEarly,     // 502: closed before the response was complete
  kTimeoutHead,     // 504
  kTimeoutBody,     // 504, if the head was not sent on yet
  kTimeoutWrite,    // 504: takes no bytes of the request
  kProtocolError,   // 502: the response is not HTTP/1.1
  kHeadTooLarge,    // 502: the response's header section is over our limit
  // Us.
  kPoolExhausted,  // 503: too many requests wait for a connection to the upstream
  kTimeoutQueue,   // 503: it waited too long for one, because all were in use
  kDraining,       // 503
  kInternal,       // 500
};
inline constexpr size_t kErrorReasonCount = static_cast<size_t>(ErrorReason::kInternal) + 1;

struct ErrorFacts {
  Fault fault;
  int status;              // 0: there is nobody to send a status to
  std::string_view label;  // mantlet_upstream_failures_total{reason}, "error" in the access log
  RetrySafety retry;
  std::string_view sentence;  // for the client; gives nothing away
};

const ErrorFacts& FactsOf(ErrorReason reason);

// Reasons that mantlet_upstream_failures_total counts: the upstream's faults, and
// the pool having no room.
bool CountsAsUpstreamFailure(ErrorReason reason);

struct ProxyError {
  ErrorReason reason = ErrorReason::kInternal;
  std::string detail;  // for the log: errno text, parser message, limit and value
  // The detail says something about the request and nothing about us: the client may read it.
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
  // The sentence, and the detail where the client may read that.
  std::string ClientText() const;
};

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_PROXY_ERROR_H_
