// VerifyResult is the verdict on a presented chain. If the chain was rejected, it names the
// certificate at fault, for the metric and the log record. A value.

#ifndef MANTLET_PROXY_VERIFY_VERIFY_RESULT_H_
#define MANTLET_PROXY_VERIFY_VERIFY_RESULT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/handshake_failure.h"

struct x509_st;

namespace mantlet::verify {

// Expired is whether a verification accepts expired certificates (notAfter). kAccept is only for a
// client with an open connection, if the configuration lets the connection outlive the certificate.
// All other reasons still reject the chain.
enum class Expired { kRefuse, kAccept };

struct VerifyResult {
  std::optional<base::HandshakeFailure> failure;  // nullopt: the chain is valid
  std::string detail;  // a sentence for operators; never sent to the peer

  // The certificate at fault. Set only on failure, and empty if the chain could not be parsed.
  // Texts of more than half a kilobyte are shortened.
  int depth = -1;  // 0 is the leaf
  std::string subject;
  std::string issuer;
  std::string serial;
  int64_t not_after = 0;

  // On success: the time, in seconds since the epoch, from which the same chain may be rejected. It
  // is the earliest notAfter of the path, the trust anchor included, or nextUpdate of the
  // revocation lists used. With Expired::kAccept, certificates that have already expired do not
  // count.
  int64_t valid_until = 0;

  bool ok() const { return !failure.has_value(); }
  // Returns the label of mantlet_tls_handshake_failures_total, or "" if the chain is valid.
  std::string_view reason() const { return failure ? base::ToString(*failure) : ""; }
};

// Returns the result of a rejected chain. `at_fault` may be null if no certificate is at fault.
VerifyResult Refusal(base::HandshakeFailure failure, const x509_st* at_fault, int depth,
                     std::string detail);

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_VERIFY_RESULT_H_
