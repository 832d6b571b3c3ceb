// The policy of a listener as plain values: the rules that allow and deny requests.
// config/README.md explains each condition; proxy/policy/ evaluates them.

#ifndef MANTLET_CONFIG_POLICY_RULES_H_
#define MANTLET_CONFIG_POLICY_RULES_H_

#include <string>
#include <vector>

#include "config/location.h"

namespace mantlet::config {

enum class RuleAction {
  kAllow,
  kDeny,
  kRequireClientCert,  // denies clients without a verified certificate; for others, the next rule
                       // decides
};

enum class CertificatePresence { kEither, kPresent, kAbsent };

// A Match holds if all of its conditions hold; without conditions it always holds. An empty list is
// no condition; a list with values holds if one of them matches. A condition on a client's
// certificate does not hold if there is no verified certificate, or no such name in it.
struct Match {
  // Conditions on the client.
  std::vector<std::string> spiffe_id;     // globs (proxy/pattern/glob.h)
  std::vector<std::string> trust_domain;  // names
  std::vector<std::string> uri_san;       // globs
  std::vector<std::string> dns_san;       // names, `*` for the first label
  std::vector<std::string> email_san;     // addresses, or `*@host`
  std::vector<std::string> ip_san;        // addresses as inet_ntop() prints them
  std::vector<std::string> upn_san;       // names, or `*@host`
  std::vector<std::string> cn;
  std::vector<std::string> ou;
  std::vector<std::string> organization_identifier;
  std::vector<std::string> subject;      // RFC 2253
  std::vector<std::string> issuer;       // RFC 2253
  std::vector<std::string> spki_sha256;  // lower-case hex
  CertificatePresence client_cert = CertificatePresence::kEither;
  // The result of the verification: SUCCESS, NONE, FAILED, or FAILED:reason.
  std::vector<std::string> verify;
  // Conditions on the connection and the request.
  std::vector<std::string> sni;  // names, `*` for the first label
  std::vector<std::string> method;
  std::vector<std::string> path;  // globs over the decoded path
  // Nested conditions. `not_` has at most one element.
  std::vector<Match> any;
  std::vector<Match> all;
  std::vector<Match> not_;
  Location where;
  bool operator==(const Match&) const = default;
};

// The maximum nesting of `any`, `all` and `not` in a rule's match. Deeper conditions are
// unreadable, and the limit permits recursion over them.
inline constexpr int kMaxMatchNesting = 4;

struct Rule {
  std::string name;  // unique in its policy
  RuleAction action = RuleAction::kDeny;
  Match match;
  Location where;
  bool operator==(const Rule&) const = default;
};

struct Policy {
  bool default_allow = true;
  std::vector<Rule> rules;  // the first rule that matches decides
  bool operator==(const Policy&) const = default;
};

// The rule name that is reported if no rule has decided; no rule may have this name.
inline constexpr char kDefaultRuleName[] = "default";

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_POLICY_RULES_H_
