// ResumptionRefusal is why a session ticket was not accepted. The names are labels of the metric
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
  kUnknownTicket,        // unknown key: issued before a restart or reload, or by another server
  kSessionLifetime,      // the session has expired
  kServerName,           // the session was established for another server name
  kNoClientCertificate,  // the session has no client certificate, and one is required
  // The verifier rejects the stored chain at the current time.
  kExpired,
  kNotYetValid,
  kCrlExpired,
  kOther,
};

// The labels are indexed by the enumerator.
inline constexpr std::array<std::string_view, 8> kResumptionRefusalLabels = {
    "unknown_ticket", "session_lifetime", "server_name", "no_client_certificate",
    "expired",        "not_yet_valid",    "crl_expired", "other",
};
inline constexpr size_t kResumptionRefusalCount = kResumptionRefusalLabels.size();
static_assert(static_cast<size_t>(ResumptionRefusal::kOther) + 1 == kResumptionRefusalCount);

constexpr std::string_view ToString(ResumptionRefusal refusal) {
  return kResumptionRefusalLabels[static_cast<size_t>(refusal)];
}

// Only these failures can occur here: any change other than the passing of time creates new ticket
// keys.
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
