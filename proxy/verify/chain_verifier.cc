#include "proxy/verify/chain_verifier.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proxy/verify/path_builder.h"
#include "proxy/verify/path_revocation.h"
#include "proxy/x509/certificate_names.h"
#include "proxy/x509/hex.h"
#include "proxy/x509/key_usages.h"
#include "proxy/x509/name_difference.h"
#include "proxy/x509/openssl_errors.h"
#include "proxy/x509/revocation_lists.h"
#include "proxy/x509/x509_facts.h"

namespace mantlet::verify {
namespace {

using base::HandshakeFailure;

// Returns a hint if a trust anchor's name looks like the issuer's but differs from it.
std::string LookAlike(const PathCertificate& certificate, const x509::TrustStore& trust) {
  // Limits the work that an unknown client can cause.
  constexpr size_t kMostAnchors = 100;
  const std::vector<x509::CertificatePtr>& anchors = trust.anchors();
  for (size_t i = 0; i < std::min(anchors.size(), kMostAnchors); ++i) {
    const x509::CertificatePtr& anchor = anchors[i];
    const std::string difference =
        x509::NameDifference(certificate.issuer(), X509_get_subject_name(anchor->x509()));
    if (difference.empty()) continue;
    return absl::StrCat("; compare the trust anchor ", anchor->subject(), ": ", difference);
  }
  return "";
}

std::string ExplainUnknownCa(const PathCertificate& certificate, size_t depth,
                             const x509::TrustStore& trust) {
  const std::string who = depth == 0 ? "the certificate" : "a CA certificate of the chain";
  if (certificate.self_issued()) {
    return absl::StrCat(who, " names itself as its issuer and is not in the trust bundle");
  }
  return absl::StrCat(who, " was issued by ", x509::NameForRecord(certificate.issuer()),
                      ", which is neither in the trust bundle nor among the certificates "
                      "presented",
                      LookAlike(certificate, trust));
}

VerifyResult RefusalFor(const PathBuilder::Failure& failure, const PathRules& rules,
                        const x509::TrustStore& trust) {
  using Kind = PathBuilder::Failure::Kind;
  const PathCertificate& at_fault = *failure.at_fault;
  const int depth = static_cast<int>(failure.depth);
  switch (failure.kind) {
    case Kind::kFinding:
      return Refusal(FailureOf(failure.finding, at_fault), at_fault.x509(), depth,
                     Explain(failure.finding, at_fault, rules));
    case Kind::kNoIssuer:
      return Refusal(HandshakeFailure::kUnknownCa, at_fault.x509(), depth,
                     ExplainUnknownCa(at_fault, failure.depth, trust));
    case Kind::kBadSignature:
      return Refusal(HandshakeFailure::kBadSignature, at_fault.x509(), depth,
                     absl::StrCat(depth == 0 ? "the certificate" : "a CA certificate of the chain",
                                  ": its signature was not made with the key of ",
                                  x509::NameForRecord(at_fault.issuer())));
    case Kind::kTooMuchWork:
      break;
  }
  return Refusal(HandshakeFailure::kUnknownCa, at_fault.x509(), depth,
                 "no path to a trust anchor was found within the work that a handshake may cost; "
                 "too many certificates with the same names were presented or are trusted");
}

std::string PinOf(const PathCertificate& certificate) {
  return x509::SpkiSha256Hex(certificate.x509());
}

// PinCheck checks whether a CA of a path has a pinned key. It lives for one verification, in which
// a CA may be on many paths.
class PinCheck {
 public:
  explicit PinCheck(const std::vector<std::string>& pins) : pins_(pins) {}

  std::optional<PathFinding> Check(const PathBuilder::Path& path) {
    if (pins_.empty()) return std::nullopt;
    for (size_t i = 1; i < path.size(); ++i) {
      auto [known, is_new] = pinned_.try_emplace(path[i]);
      if (is_new) {
        known->second = std::binary_search(pins_.begin(), pins_.end(), PinOf(*path[i]));
      }
      if (known->second) return std::nullopt;
    }
    return PathFinding{
        PathFault::kCaNotPinned, 0,
        path.size() < 2
            ? std::string("its chain is valid, but contains no CA, and ca_pins requires one")
            : absl::StrCat("its chain is valid, but none of its CAs is pinned; to accept it, set "
                           "ca_pins: [",
                           PinOf(*path[1]), "], the key of ",
                           x509::NameForRecord(path[1]->subject()))};
  }

 private:
  const std::vector<std::string>& pins_;
  std::map<const PathCertificate*, bool> pinned_;
};

// Returns when the path stops being valid. Certificates that have already expired were accepted by
// option and do not count.
int64_t ValidUntil(const PathBuilder::Path& path, int64_t now) {
  int64_t last = std::numeric_limits<int64_t>::max() - 1;
  for (const PathCertificate* certificate : path) {
    if (now <= certificate->not_after()) last = std::min(last, certificate->not_after());
  }
  return last + 1;  // the second of notAfter is included (RFC 5280, 4.1.2.5)
}

}  // namespace

ChainVerifier::ChainVerifier(x509::TrustStorePtr trust, Options options)
    : trust_(std::move(trust)), options_(std::move(options)), anchors_(*trust_) {
  std::sort(options_.ca_pins.begin(), options_.ca_pins.end());
}

std::string ChainVerifier::id() const {
  return x509::Sha256Hex(absl::StrCat(
      absl::StrJoin(options_.ca_pins, ","), " ", trust_->id(), " ",
      static_cast<int>(options_.purpose), " ", options_.max_depth, " ", options_.partial_chain, " ",
      options_.any_extended_key_usage, " ", options_.server_auth_clients, " ",
      options_.revocation == nullptr ? "" : options_.revocation->id()));
}

PathRules ChainVerifier::RulesFor(const PresentedChain& chain, int64_t now, Expired expired) const {
  PathRules rules;
  if (options_.purpose == Purpose::kClientAuth) {
    rules.extended_key_usage = XKU_SSL_CLIENT;
    rules.leaf_key_usage = KU_DIGITAL_SIGNATURE;
    // All certificates of the path must have the same purpose: the CAs of such a client must be
    // valid for serverAuth, and a CA with serverAuth only does not help a client with clientAuth.
    if (options_.server_auth_clients && x509::IsServerAuthOnly(chain.x509(0))) {
      rules.extended_key_usage = XKU_SSL_SERVER;
    }
  } else {
    rules.extended_key_usage = XKU_SSL_SERVER;
    rules.leaf_key_usage = KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT;
  }
  if (options_.any_extended_key_usage) rules.extended_key_usage |= XKU_ANYEKU;
  rules.max_depth = options_.max_depth;
  rules.partial_chain = options_.partial_chain;
  rules.now = now;
  rules.expired = expired;
  return rules;
}

VerifyResult ChainVerifier::Verify(absl::Span<const std::string_view> ders, int64_t now) const {
  absl::StatusOr<PresentedChain> chain = PresentedChain::Parse(ders);
  if (!chain.ok()) {
    return Refusal(HandshakeFailure::kInvalidCertificate, nullptr, -1,
                   std::string(chain.status().message()));
  }
  return Verify(*chain, now);
}

VerifyResult ChainVerifier::Verify(const PresentedChain& chain, int64_t now,
                                   Expired expired) const {
  x509::ClearErrors();
  PathRevocation revocation(options_.revocation.get(), now);
  PinCheck pins(options_.ca_pins);
  PathBuilder::LastCheck last_check;
  if (options_.revocation != nullptr || !options_.ca_pins.empty()) {
    last_check = [&](PathBuilder& builder) {
      std::optional<PathFinding> finding = pins.Check(builder.path());
      if (finding.has_value() || options_.revocation == nullptr) return finding;
      return revocation.Check(builder);
    };
  }
  const PathRules rules = RulesFor(chain, now, expired);
  PathBuilder builder(&anchors_, chain, rules, std::move(last_check));
  VerifyResult result;
  if (builder.Build()) {
    result.valid_until = std::min(ValidUntil(builder.path(), now), revocation.next_update());
  } else {
    result = RefusalFor(builder.failure(), rules, *trust_);
  }
  x509::ClearErrors();
  return result;
}

}  // namespace mantlet::verify
