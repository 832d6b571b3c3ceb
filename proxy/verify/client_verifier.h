// ClientVerifier verifies a client's chain by everything that one listener requires. Full
// handshakes, resumptions and connections that are revalidated all use it.
//
// A client with a SPIFFE ID is verified by the bundle of that ID's trust domain and by
// nothing else, so that no CA can issue IDs of another trust domain (SPIFFE Trust Domain
// and Bundle, section 3); all other clients by the trust bundle. In either case the key
// must be a pinned one, if any are.
//
// Pure: no clock, no I/O. Immutable, so one verifier serves every worker.

#ifndef MANTLET_PROXY_VERIFY_CLIENT_VERIFIER_H_
#define MANTLET_PROXY_VERIFY_CLIENT_VERIFIER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/verify/chain_verifier.h"
#include "proxy/verify/presented_chain.h"
#include "proxy/verify/verify_result.h"

namespace mantlet::verify {

class ClientVerifier {
 public:
  // Each verifies chains of the trust domain that is its key. Null: the bundle is
  // empty, and everything of the trust domain is refused.
  using TrustDomains = std::map<std::string, std::shared_ptr<const ChainVerifier>, std::less<>>;

  struct Options {
    // Null: clients without a SPIFFE ID are refused.
    std::shared_ptr<const ChainVerifier> by_trust_bundle;
    // None: a SPIFFE ID is a name like others, and the trust bundle decides.
    std::optional<TrustDomains> spiffe;
    // SHA-256 of each SubjectPublicKeyInfo that is let in, in lower-case hex. Empty:
    // any key.
    std::vector<std::string> spki_pins;
  };

  explicit ClientVerifier(Options options);

  // `now`: seconds since the epoch.
  VerifyResult Verify(const PresentedChain& chain, int64_t now,
                      Expired expired = Expired::kRefuse) const;

  // The DER of the names of all anchors, each once: what a server's
  // CertificateRequest lists (RFC 8446, 4.2.4).
  const std::vector<std::string>& subject_names_der() const { return subject_names_der_; }
  // Lower-case hex digest of everything that decides: verifiers with equal ids give
  // equal verdicts.
  const std::string& id() const { return id_; }

 private:
  VerifyResult VerifyChain(const PresentedChain& chain, int64_t now, Expired expired) const;
  VerifyResult VerifySvid(const PresentedChain& chain, const std::string& trust_domain, int64_t now,
                          Expired expired) const;

  Options options_;  // pins sorted
  std::vector<std::string> subject_names_der_;
  std::string id_;
};

using ClientVerifierPtr = std::shared_ptr<const ClientVerifier>;

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_CLIENT_VERIFIER_H_
