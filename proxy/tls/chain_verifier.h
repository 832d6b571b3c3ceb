// ChainVerifier: decides whether a presented chain leads to a trust anchor
// (RFC 5280, 6.1) and, if not, says why in the words of the metric label, and
// which certificate is at fault in the words of the log record.
//
// Pure: no clock, no I/O. Immutable, so one verifier serves every worker. The
// work is bounded by PresentedChain's limits, the depth and the number of
// anchors of one name.
//
// Beyond what the library checks we refuse RSA keys below 2048 bits, curves
// below P-256 and MD5 or SHA-1 signatures anywhere on the path; only the trust
// anchor's own signature, which nobody relies on, is excepted.

#ifndef MANTLET_PROXY_TLS_CHAIN_VERIFIER_H_
#define MANTLET_PROXY_TLS_CHAIN_VERIFIER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "proxy/tls/presented_chain.h"
#include "proxy/tls/trust_store.h"

namespace mantlet::tls {

enum class ChainFailure {
  kNone,
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
};

// The label of mantlet_tls_handshake_failures_total: "unknown_ca", …; "" for kNone.
std::string_view ReasonLabel(ChainFailure failure);

struct VerifyResult {
  ChainFailure failure = ChainFailure::kNone;
  std::string detail;  // a sentence for operators; never sent to the peer

  // The certificate at fault; only set on failure, and empty where the chain
  // could not even be parsed.
  int depth = -1;  // 0 is the leaf
  std::string subject;
  std::string issuer;
  std::string serial;
  int64_t not_after = 0;

  // On success: the earliest notAfter of the path, the trust anchor included.
  // From this moment on the same chain is refused.
  int64_t path_not_after = 0;

  bool ok() const { return failure == ChainFailure::kNone; }
  std::string_view reason() const { return ReasonLabel(failure); }
};

class ChainVerifier {
 public:
  enum class Purpose { kClientAuth, kServerAuth };

  struct Options {
    Purpose purpose = Purpose::kClientAuth;
    int max_depth = 4;  // certificates between the leaf and the trust anchor, at most
  };

  ChainVerifier(TrustStorePtr trust, Options options);

  // `now`: seconds since the epoch.
  VerifyResult Verify(const PresentedChain& chain, int64_t now) const;
  // The same from DER, leaf first.
  VerifyResult Verify(absl::Span<const std::string_view> ders, int64_t now) const;

  const TrustStore& trust() const { return *trust_; }
  const Options& options() const { return options_; }

 private:
  // One attempt. `namesake`: of the anchors that share its name, only this one
  // counts; null: all do. `signed_badly`: the presented certificate at fault, if
  // it is one.
  VerifyResult VerifyWith(const PresentedChain& chain, const Certificate* namesake, int64_t now,
                          x509_st** signed_badly) const;

  TrustStorePtr trust_;
  Options options_;
};

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_CHAIN_VERIFIER_H_
