#include "proxy/verify/client_verifier.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proxy/verify/svid.h"
#include "proxy/x509/hex.h"
#include "proxy/x509/openssl_errors.h"
#include "proxy/x509/x509_facts.h"

namespace mantlet::verify {
namespace {

using base::HandshakeFailure;

VerifyResult RefuseLeaf(const PresentedChain& chain, HandshakeFailure failure, std::string detail) {
  return Refusal(failure, chain.x509(0), 0, std::move(detail));
}

}  // namespace

ClientVerifier::ClientVerifier(Options options) : options_(std::move(options)) {
  std::sort(options_.spki_pins.begin(), options_.spki_pins.end());
  std::set<std::string> names;
  std::string deciding;
  const auto add = [&](const ChainVerifier* verifier) {
    if (verifier == nullptr) {
      deciding += "nobody\n";
      return;
    }
    const std::vector<std::string>& subjects = verifier->trust().subject_names_der();
    names.insert(subjects.begin(), subjects.end());
    absl::StrAppend(&deciding, verifier->id(), "\n");
  };
  add(options_.by_trust_bundle.get());
  if (options_.spiffe.has_value()) {
    for (const auto& [trust_domain, verifier] : *options_.spiffe) {
      absl::StrAppend(&deciding, "spiffe://", trust_domain, " ");
      add(verifier.get());
    }
    deciding += "spiffe\n";
  }
  for (const std::string& pin : options_.spki_pins) absl::StrAppend(&deciding, "pin ", pin, "\n");
  subject_names_der_.assign(names.begin(), names.end());
  id_ = x509::Sha256Hex(deciding);
}

VerifyResult ClientVerifier::Verify(const PresentedChain& chain, int64_t now,
                                    Expired expired) const {
  VerifyResult result = VerifyChain(chain, now, expired);
  if (!result.ok() || options_.spki_pins.empty()) return result;
  const std::string pin = x509::SpkiSha256Hex(chain.x509(0));
  if (std::binary_search(options_.spki_pins.begin(), options_.spki_pins.end(), pin)) return result;
  return RefuseLeaf(
      chain, HandshakeFailure::kNotPinned,
      absl::StrCat(
          "its chain is valid, but its public key is not pinned; to accept it, set spki_pins: [",
          pin, "]"));
}

VerifyResult ClientVerifier::VerifyChain(const PresentedChain& chain, int64_t now,
                                         Expired expired) const {
  if (options_.spiffe.has_value()) {
    const LeafSvid svid = ReadLeafSvid(chain.x509(0));
    x509::ClearErrors();
    if (svid.claimed && !svid.violation.empty()) {
      return RefuseLeaf(chain, HandshakeFailure::kSpiffeInvalid, svid.violation);
    }
    if (svid.claimed) return VerifySvid(chain, svid.trust_domain, now, expired);
  }
  if (options_.by_trust_bundle != nullptr) {
    return options_.by_trust_bundle->Verify(chain, now, expired);
  }
  return RefuseLeaf(chain, HandshakeFailure::kSpiffeInvalid,
                    "it has no SPIFFE ID, and there is no trust_bundle to verify it with");
}

VerifyResult ClientVerifier::VerifySvid(const PresentedChain& chain,
                                        const std::string& trust_domain, int64_t now,
                                        Expired expired) const {
  const auto found = options_.spiffe->find(trust_domain);
  if (found == options_.spiffe->end()) {
    return RefuseLeaf(chain, HandshakeFailure::kUnknownCa,
                      absl::StrCat("there is no bundle for its trust domain, ", trust_domain));
  }
  if (found->second == nullptr) {
    return RefuseLeaf(
        chain, HandshakeFailure::kUnknownCa,
        absl::StrCat("the bundle of its trust domain, ", trust_domain, ", has no X.509 authority"));
  }
  // Leave out CAs that may not issue this SVID. If the chain is valid without them, they were
  // unrelated to it.
  std::vector<size_t> fit;
  size_t unfit = 0;
  std::string violation;
  for (size_t i = 1; i < chain.size(); ++i) {
    std::string why = SignerViolation(chain.x509(i), trust_domain);
    if (why.empty()) {
      fit.push_back(i);
    } else if (unfit == 0) {
      unfit = i;
      violation = std::move(why);
    }
  }
  x509::ClearErrors();
  VerifyResult result = unfit == 0 ? found->second->Verify(chain, now, expired)
                                   : found->second->Verify(chain.WithIssuers(fit), now, expired);
  if (!result.ok() && unfit != 0 && found->second->Verify(chain, now, expired).ok()) {
    return Refusal(HandshakeFailure::kSpiffeInvalid, chain.x509(unfit), static_cast<int>(unfit),
                   std::move(violation));
  }
  if (!result.ok()) {
    result.detail = absl::StrCat("trust domain ", trust_domain, ": ", result.detail);
  }
  return result;
}

}  // namespace mantlet::verify
