// HandshakeFailure is why a TLS handshake failed. The names are labels of the metric
// mantlet_tls_handshake_failures_total{reason} and values in the log. The client receives only the
// TLS alert. Pure values; any thread.

#ifndef MANTLET_PROXY_BASE_HANDSHAKE_FAILURE_H_
#define MANTLET_PROXY_BASE_HANDSHAKE_FAILURE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mantlet::base {

enum class HandshakeFailure : uint8_t {
  kNoClientCertificate,
  kUnknownCa,
  kExpired,
  kNotYetValid,
  kRevoked,
  kCrlMissing,
  kCrlExpired,
  kBadSignature,
  kWeakKey,
  kWrongPurpose,
  kNameConstraint,
  kPathTooLong,
  kInvalidCertificate,
  kSpiffeInvalid,
  kNotPinned,
  kProtocolVersion,
  kNoSharedCipher,
  kNoApplicationProtocol,
  kPlaintextHttp,
  kNotTls,
  kTimeout,
  kRateLimited,
  kPeerClosed,
  kPeerAlert,
  kOther,
};

// The labels are indexed by the enumerator.
inline constexpr std::array<std::string_view, 25> kHandshakeFailureLabels = {
    "no_client_certificate",
    "unknown_ca",
    "expired",
    "not_yet_valid",
    "revoked",
    "crl_missing",
    "crl_expired",
    "bad_signature",
    "weak_key",
    "wrong_purpose",
    "name_constraint",
    "path_too_long",
    "invalid_certificate",
    "spiffe_invalid",
    "not_pinned",
    "protocol_version",
    "no_shared_cipher",
    "no_application_protocol",
    "plaintext_http",
    "not_tls",
    "timeout",
    "rate_limited",
    "peer_closed",
    "peer_alert",
    "other",
};
inline constexpr size_t kHandshakeFailureCount = kHandshakeFailureLabels.size();
static_assert(static_cast<size_t>(HandshakeFailure::kOther) + 1 == kHandshakeFailureCount);

// Returns whether the failure concerns a certificate that the client has sent. Such a failure can
// also occur when an open connection is validated again, and it does not reject the client under
// client_auth.mode request.
constexpr bool IsAboutCertificate(HandshakeFailure failure) {
  return failure >= HandshakeFailure::kUnknownCa && failure <= HandshakeFailure::kNotPinned;
}

constexpr std::string_view ToString(HandshakeFailure failure) {
  return kHandshakeFailureLabels[static_cast<size_t>(failure)];
}

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_HANDSHAKE_FAILURE_H_
