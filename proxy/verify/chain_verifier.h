// ChainVerifier decides whether a presented chain leads to a trust anchor (RFC 5280, 6.1).
// If it does not, the result has the reason, as the metric label names it, and the
// certificate at fault, as the log record shows it.
//
// Pure: no clock, no I/O. Immutable, so one verifier serves every worker. The
// work is bounded (see PathBuilder).
//
// What is checked: signatures, validity, basic constraints and path lengths, key
// usage and extended key usage of every certificate, name constraints, certificate
// policies, unknown critical extensions. And, of our own: RSA keys below 2048 bits,
// curves below P-256 and MD5 or SHA-1 signatures are refused anywhere on the path;
// only the trust anchor's own signature, on which nothing relies, is excepted.
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
    int max_depth = 4;  // certificates between the leaf and the trust anchor, at most
    // An anchor that is an intermediate ends a path, too.
    bool partial_chain = false;
    // anyExtendedKeyUsage counts as the purpose (RFC 5280, 4.2.1.12).
    bool any_extended_key_usage = false;
    // A client whose extended key usage is serverAuth and nothing else is let in as well, if every
    // CA on its path may be used for serverAuth. Means nothing for kServerAuth.
    bool server_auth_clients = false;
    // SHA-256 of SubjectPublicKeyInfos in lower-case hex: some CA of the path, the trust
    // anchor included, must have one of these keys. Of several paths one with such a CA
    // is looked for. Empty: any CA.
    std::vector<std::string> ca_pins = {};
    // Asked about every certificate of a path but the anchor; null: none.
    std::shared_ptr<const x509::RevocationLists> revocation = nullptr;
  };

  ChainVerifier(x509::TrustStorePtr trust, Options options);

  // `now`: seconds since the epoch.
  VerifyResult Verify(const PresentedChain& chain, int64_t now,
                      Expired expired = Expired::kRefuse) const;
  // The same from DER, leaf first.
  VerifyResult Verify(absl::Span<const std::string_view> ders, int64_t now) const;

  const x509::TrustStore& trust() const { return *trust_; }
  const Options& options() const { return options_; }
  // Lower-case hex digest of everything that decides: verifiers with equal ids give
  // equal verdicts.
  std::string id() const;

 private:
  PathRules RulesFor(const PresentedChain& chain, int64_t now, Expired expired) const;

  x509::TrustStorePtr trust_;
  Options options_;  // pins sorted
  AnchorIndex anchors_;
};

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_CHAIN_VERIFIER_H_
