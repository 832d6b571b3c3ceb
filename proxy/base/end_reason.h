// EndReason is why the proxy closed an open connection on which no error occurred: its client would
// no longer be accepted. The names are labels of mantlet_connections_ended_total{reason} and values
// in the log. Pure values; any thread.

#ifndef MANTLET_PROXY_BASE_END_REASON_H_
#define MANTLET_PROXY_BASE_END_REASON_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/base/handshake_failure.h"

namespace mantlet::base {

// A value is either a HandshakeFailure about the client's certificate (see EndReasonFor) or one of
// the enumerators below.
enum class EndReason : uint8_t {
  kPolicyDenied = kHandshakeFailureCount,  // the policy denies the request that opened the tunnel
  kListenerRemoved,                        // a reload removed the listener from the configuration
};
inline constexpr size_t kEndReasonCount = static_cast<size_t>(EndReason::kListenerRemoved) + 1;

constexpr EndReason EndReasonFor(HandshakeFailure failure) {
  return static_cast<EndReason>(failure);
}

constexpr std::string_view ToString(EndReason reason) {
  if (reason == EndReason::kPolicyDenied) return "policy_denied";
  if (reason == EndReason::kListenerRemoved) return "listener_removed";
  return kHandshakeFailureLabels[static_cast<size_t>(reason)];
}

// Returns whether `reason` can close an open connection. Other failures occur in a handshake only.
constexpr bool CanEndConnection(size_t reason) {
  return reason <= static_cast<size_t>(HandshakeFailure::kNotPinned) ||
         reason >= static_cast<size_t>(EndReason::kPolicyDenied);
}

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_END_REASON_H_
