// ChainVerifier decides whether a presented chain leads to a trust anchor (RFC 5280, 6.1). If it
// does not, the result contains the reason, as in the metric's label, and the certificate at fault,
// as in the log record.
//
// Pure: no clock, no I/O. Immutable, so one verifier serves every worker. The work is bounded (see
// PathBuilder).
//
// It checks signatures, validity, basic constraints and path lengths, key usage and extended key
// usage of every certificate, name constraints, certificate policies, and unknown critical
// extensions. In addition, it rejects RSA keys below 2048 bits, curves below P-256 and MD5 or SHA-1
// signatures anywhere on the path, except the signature of the trust anchor, which does not matter.
// README.md in this folder lists the choices that RFC 5280 leaves open.
// README.md beside this file lists the choices that RFC 5280 leaves open.

#ifndef MANTLET_PROXY_VERIFY_CHAIN_VERIFIER_H_
#define MANTLET_PROXY_VERIFY_CHAIN_VERIFIER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "proxy/verify/anchor_index.h"
#include "proxy/verify/path_fault.h"
#include "proxy/verify/presented_chain.h"
#include "proxy/verify/verify_result.h"
#include "proxy/x509/trust_store.h"

namespace mantlet::x509 {
class RevocationLists;
}

namespace mantlet::verify {

class ChainVerifier {
 public:
  enum class Purpose { kClientAuth, kServerAuth };

  struct Options {
    Purpose purpose = Purpose::kClientAuth;
    int max_depth = 4;  // maximum number of certificates between leaf and trust anchor
    // An anchor that is an intermediate also ends a path.
    bool partial_chain = false;
    // anyExtendedKeyUsage is accepted for the purpose (RFC 5280, 4.2.1.12).
    bool any_extended_key_usage = false;
    // A client whose extended key usage is serverAuth only is also accepted, if every CA on its
    // path may be used for serverAuth. Has no effect for kServerAuth.
    bool server_auth_clients = false;
    // SHA-256 of SubjectPublicKeyInfos in lower-case hex: a CA of the path, the trust anchor
    // included, must have one of these keys. Among several paths, one with such a CA is searched
    // for. Empty: any CA.
    std::vector<std::string> ca_pins = {};
    // Checked for every certificate of a path except the anchor; null: no check.
    std::shared_ptr<const x509::RevocationLists> revocation = nullptr;
  };

  ChainVerifier(x509::TrustStorePtr trust, Options options);

  // `now` is in seconds since the epoch.
  VerifyResult Verify(const PresentedChain& chain, int64_t now,
                      Expired expired = Expired::kRefuse) const;
  // Verifies a chain of DER certificates, leaf first.
  VerifyResult Verify(absl::Span<const std::string_view> ders, int64_t now) const;

  const x509::TrustStore& trust() const { return *trust_; }
  const Options& options() const { return options_; }
  // Returns a lower-case hex digest of everything that decides: verifiers with equal ids return
  // equal verdicts.
  std::string id() const;

 private:
  PathRules RulesFor(const PresentedChain& chain, int64_t now, Expired expired) const;

  x509::TrustStorePtr trust_;
  Options options_;  // the pins are sorted
  AnchorIndex anchors_;
};

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_CHAIN_VERIFIER_H_
