// VerifyResult is the verdict on a presented chain and names the certificate at fault, as
// the metric label and the log record show it. A value.

#ifndef MANTLET_PROXY_VERIFY_VERIFY_RESULT_H_
#define MANTLET_PROXY_VERIFY_VERIFY_RESULT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/handshake_failure.h"

struct x509_st;

namespace mantlet::verify {

// Whether a verification accepts expired certificates (notAfter). kAccept is only for a
// client whose connection is open, where the configuration lets it outlive its certificate;
// all other reasons against the chain are still found.
enum class Expired { kRefuse, kAccept };

struct VerifyResult {
  std::optional<base::HandshakeFailure> failure;  // none: the chain is valid
  std::string detail;  // a sentence for operators; never sent to the peer

  // The certificate at fault; only set on failure, and empty where the chain
  // could not even be parsed. Texts of more than half a kilobyte are shortened.
  int depth = -1;  // 0 is the leaf
  std::string subject;
  std::string issuer;
  std::string serial;
  int64_t not_after = 0;

  // On success: the moment, in seconds since the epoch, from which the same chain
  // may be rejected: the earliest notAfter of the path, the trust anchor included,
  // and nextUpdate of the revocation lists relied on. With Expired::kAccept, what has
  // expired already does not count.
  int64_t valid_until = 0;

  bool ok() const { return !failure.has_value(); }
  // The label of mantlet_tls_handshake_failures_total; "" if the chain is valid.
  std::string_view reason() const { return failure ? base::ToString(*failure) : ""; }
};

// Makes the result of a rejected chain. `at_fault` may be null: no certificate in particular.
VerifyResult Refusal(base::HandshakeFailure failure, const x509_st* at_fault, int depth,
                     std::string detail);

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_VERIFY_RESULT_H_
