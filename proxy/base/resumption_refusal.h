// ResumptionRefusal is why a session ticket was not accepted, as in the labels of the metric
// mantlet_tls_resumptions_refused_total{reason}. A full handshake follows. Pure values; any thread.

#ifndef MANTLET_PROXY_BASE_RESUMPTION_REFUSAL_H_
#define MANTLET_PROXY_BASE_RESUMPTION_REFUSAL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/base/handshake_failure.h"

namespace mantlet::base {

enum class ResumptionRefusal : uint8_t {
  kUnknownTicket,        // of other keys: from before a restart or a reload, or not ours
  kSessionLifetime,      // the session has expired
  kServerName,           // for another server name than the session began with
  kNoClientCertificate,  // the session has none, and one is required
  // What the verifier finds about the chain now:
  kExpired,
  kNotYetValid,
  kCrlExpired,
  kOther,
};

// Indexed by the enumerator.
inline constexpr std::array<std::string_view, 8> kResumptionRefusalLabels = {
    "unknown_ticket", "session_lifetime", "server_name", "no_client_certificate",
    "expired",        "not_yet_valid",    "crl_expired", "other",
};
inline constexpr size_t kResumptionRefusalCount = kResumptionRefusalLabels.size();
static_assert(static_cast<size_t>(ResumptionRefusal::kOther) + 1 == kResumptionRefusalCount);

constexpr std::string_view ToString(ResumptionRefusal refusal) {
  return kResumptionRefusalLabels[static_cast<size_t>(refusal)];
}

// A change of anything but the time makes new ticket keys, so that only these failures occur.
constexpr ResumptionRefusal RefusalFor(HandshakeFailure failure) {
  switch (failure) {
    case HandshakeFailure::kExpired:
      return ResumptionRefusal::kExpired;
    case HandshakeFailure::kNotYetValid:
      return ResumptionRefusal::kNotYetValid;
    case HandshakeFailure::kCrlExpired:
      return ResumptionRefusal::kCrlExpired;
    default:
      return ResumptionRefusal::kOther;
  }
}

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_RESUMPTION_REFUSAL_H_
