// ClientVerifier verifies a client's chain by all requirements of one listener. Full handshakes,
// resumptions and revalidated connections all use it.
//
// A client with a SPIFFE ID is verified only with the bundle of the ID's trust domain, so that no
// CA can issue IDs of another trust domain (SPIFFE Trust Domain and Bundle, section 3). All other
// clients are verified with the trust bundle. In both cases the key must be a pinned one, if any
// pins are set.
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
  // Maps each trust domain to the verifier of its chains. Null: the bundle is empty, and all
  // clients of the trust domain are rejected.
  using TrustDomains = std::map<std::string, std::shared_ptr<const ChainVerifier>, std::less<>>;

  struct Options {
    // Null: clients without a SPIFFE ID are rejected.
    std::shared_ptr<const ChainVerifier> by_trust_bundle;
    // nullopt: SPIFFE IDs have no special meaning, and the trust bundle decides.
    std::optional<TrustDomains> spiffe;
    // SHA-256 of each accepted SubjectPublicKeyInfo, in lower-case hex. Empty: any key.
    std::vector<std::string> spki_pins;
  };

  explicit ClientVerifier(Options options);

  // `now` is in seconds since the epoch.
  VerifyResult Verify(const PresentedChain& chain, int64_t now,
                      Expired expired = Expired::kRefuse) const;

  // Returns the DER of the names of all anchors, each once, for the CertificateRequest of a server
  // (RFC 8446, 4.2.4).
  const std::vector<std::string>& subject_names_der() const { return subject_names_der_; }
  // Returns a lower-case hex digest of everything that decides: verifiers with equal ids return
  // equal verdicts.
  const std::string& id() const { return id_; }

 private:
  VerifyResult VerifyChain(const PresentedChain& chain, int64_t now, Expired expired) const;
  VerifyResult VerifySvid(const PresentedChain& chain, const std::string& trust_domain, int64_t now,
                          Expired expired) const;

  Options options_;  // the pins are sorted
  std::vector<std::string> subject_names_der_;
  std::string id_;
};

using ClientVerifierPtr = std::shared_ptr<const ClientVerifier>;

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_CLIENT_VERIFIER_H_
