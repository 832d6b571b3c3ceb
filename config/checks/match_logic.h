// MatchLogic: what follows from the conditions of rules alone, whoever asks for whatever. Sound and
// not complete: true is certain, false is "not seen".

#ifndef MANTLET_CONFIG_CHECKS_MATCH_LOGIC_H_
#define MANTLET_CONFIG_CHECKS_MATCH_LOGIC_H_

#include <cstddef>
#include <string>
#include <vector>

#include "config/policy_rules.h"

namespace mantlet::config {

// The keys of a match whose values are compared with a name, each with its list.
enum class MatchKey {
  kSpiffeId,
  kTrustDomain,
  kUriSan,
  kDnsSan,
  kEmailSan,
  kIpSan,
  kUpnSan,
  kCn,
  kOu,
  kOrganizationIdentifier,
  kSubject,
  kIssuer,
  kSpki,
  kVerify,
  kSni,
  kMethod,
  kPath,
};
inline constexpr size_t kMatchKeyCount = static_cast<size_t>(MatchKey::kPath) + 1;
const char* ToString(MatchKey key);
const std::vector<std::string>& ValuesOf(const Match& match, MatchKey key);
// Whether it is a name in the client's certificate.
bool IsIdentity(MatchKey key);

// Whether the clients of a listener have certificates that verify.
struct ClientCertificates {
  bool possible = true;
  bool certain = false;
  bool may_fail = false;  // a client may be let in with one that does not
};

class MatchLogic {
 public:
  explicit MatchLogic(ClientCertificates certificates) : certificates_(certificates) {}

  // Whenever `a` holds, `b` does.
  bool Implies(const Match& a, const Match& b);
  // They never hold together.
  bool Disjoint(const Match& a, const Match& b);
  bool NeverHolds(const Match& match);
  bool AlwaysHolds(const Match& match);
  // It holds for clients with a certificate only.
  bool NeedsCertificate(const Match& match);

 private:
  // Rules are few; a file that is made to be long costs this much and no more. Once it is spent,
  // nothing is seen any more.
  static constexpr size_t kMostSteps = 2'000'000;
  bool Step(size_t cost = 1);

  bool ImpliesValues(const Match& a, MatchKey key, const std::vector<std::string>& values);
  bool ImpliesPresence(const Match& a, CertificatePresence presence);
  bool ImpliesVerification(const Match& a, const std::vector<std::string>& values);
  bool CanBe(const std::string& verification) const;
  bool ImpliesOwn(const Match& a, const Match& b);
  bool DisjointValues(const Match& a, const Match& b);
  bool DisjointOwn(const Match& a, const Match& b);

  const ClientCertificates certificates_;
  size_t steps_ = 0;
};

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_CHECKS_MATCH_LOGIC_H_
