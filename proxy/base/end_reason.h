// EndReason is why an open connection was ended although nothing was wrong with it: its client
// would not be let in any more. The labels of mantlet_connections_ended_total{reason} and of the
// log. Pure values; any thread.

#ifndef MANTLET_PROXY_BASE_END_REASON_H_
#define MANTLET_PROXY_BASE_END_REASON_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/base/handshake_failure.h"

namespace mantlet::base {

// A handshake failure that is about the client's certificate (made by
// EndReasonFor), or one of these:
enum class EndReason : uint8_t {
  kPolicyDenied = kHandshakeFailureCount,  // the request that an open tunnel began with
  kListenerRemoved,                        // from the configuration
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

// Whether an open connection can end for it; other failures occur in a handshake only.
constexpr bool CanEndConnection(size_t reason) {
  return reason <= static_cast<size_t>(HandshakeFailure::kNotPinned) ||
         reason >= static_cast<size_t>(EndReason::kPolicyDenied);
}

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_END_REASON_H_
