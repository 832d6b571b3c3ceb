#include "proxy/base/proxy_error.h"

namespace mantlet::base {

const ErrorFacts& FactsOf(ErrorReason reason) {
  using F = Fault;
  using R = RetrySafety;
  // The rows are in the order of the enumerators; a test checks this.
  static constexpr ErrorFacts kFacts[kErrorReasonCount] = {
      {F::kDownstream, 400, "bad_request", R::kNever, "The request is not valid HTTP."},
      {F::kDownstream, 403, "policy_denied", R::kNever, "This client may not make this request."},
      {F::kDownstream, 408, "request_timeout", R::kNever, "The request took too long to arrive."},
      {F::kDownstream, 408, "request_too_slow", R::kNever, "The request arrived too slowly."},
      {F::kDownstream, 413, "content_too_large", R::kNever, "The request's content is too large."},
      {F::kDownstream, 414, "uri_too_long", R::kNever, "The request's target is too long."},
      {F::kDownstream, 417, "expectation_failed", R::kNever, "The expectation cannot be met."},
      {F::kDownstream, 421, "misdirected", R::kNever,
       "This connection does not serve the requested host."},
      {F::kDownstream, 431, "header_too_large", R::kNever,
       "The request's header section is too large."},
      {F::kDownstream, 501, "not_implemented", R::kNever,
       "The request uses a feature that is not implemented."},
      {F::kDownstream, 505, "version_not_supported", R::kNever,
       "This version of HTTP is not supported."},
      {F::kDownstream, 0, "client_closed", R::kNever, ""},
      {F::kDownstream, 0, "client_write_timeout", R::kNever, ""},
      {F::kDownstream, 0, "client_too_slow", R::kNever, ""},
      {F::kDownstream, 0, "client_invalid", R::kNever, ""},
      {F::kDownstream, 0, "timeout_tunnel", R::kNever, ""},

      {F::kUpstream, 502, "connect_refused", R::kNever, "The application cannot be reached."},
      {F::kUpstream, 504, "connect_timeout", R::kNever,
       "The application did not accept a connection in time."},
      {F::kUpstream, 502, "connect_failed", R::kNever, "The application cannot be reached."},
      {F::kUpstream, 502, "resolve_failed", R::kNever, "The application cannot be reached."},
      {F::kUpstream, 502, "reset", R::kIfIdempotent, "The application reset the connection."},
      {F::kUpstream, 502, "closed_early", R::kIfIdempotent,
       "The application closed the connection before its response was complete."},
      {F::kUpstream, 504, "timeout_head", R::kNever, "The application did not respond in time."},
      {F::kUpstream, 504, "timeout_body", R::kNever,
       "The application stopped sending its response."},
      {F::kUpstream, 504, "timeout_write", R::kNever,
       "The application does not read the request's content."},
      {F::kUpstream, 502, "protocol_error", R::kNever,
       "The application's response is not valid HTTP."},
      {F::kUpstream, 502, "head_too_large", R::kNever,
       "The header section of the application's response is too large."},
      {F::kUpstream, 502, "refused_stream", R::kAlways, "The application refused the request."},
      {F::kUpstream, 502, "upstream_protocol", R::kNever,
       "The request needs a protocol that is not used with the application."},

      {F::kUs, 503, "pool_exhausted", R::kNever, "Too many requests wait for the application."},
      {F::kUs, 503, "timeout_queue", R::kNever,
       "No connection to the application became available in time."},
      {F::kUs, 503, "queue_shed", R::kNever, "Too many requests wait for the application."},
      {F::kUs, 503, "circuit_open", R::kNever, "The application cannot be reached at present."},
      {F::kUs, 503, "draining", R::kNever, "The service is shutting down."},
      {F::kUs, 503, "out_of_memory", R::kNever, "The service is overloaded."},
      {F::kUs, 503, "overloaded", R::kNever, "The service is overloaded."},
      {F::kUs, 500, "internal", R::kNever, "An internal error occurred in the proxy."},
  };
  return kFacts[static_cast<size_t>(reason)];
}

std::string ProxyError::ClientText() const {
  std::string text(sentence());
  if (!detail_for_client || detail.empty() || text.empty()) return text;
  text.back() = ':';  // replaces the full stop
  return text.append(" ").append(detail).append(".");
}

bool CountsAsUpstreamFailure(ErrorReason reason) {
  return FactsOf(reason).fault == Fault::kUpstream || reason == ErrorReason::kPoolExhausted ||
         reason == ErrorReason::kTimeoutQueue || reason == ErrorReason::kQueueShed ||
         reason == ErrorReason::kCircuitOpen;
}

}  // namespace mantlet::base
