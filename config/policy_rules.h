// The policy of a listener as plain values: which requests are let through.
// config/README.md says what each condition means; proxy/policy/ decides by it.

#ifndef MANTLET_CONFIG_POLICY_RULES_H_
#define MANTLET_CONFIG_POLICY_RULES_H_

#include <string>
#include <vector>

#include "config/location.h"

namespace mantlet::config {

enum class RuleAction {
  kAllow,
  kDeny,
  kRequireClientCert,  // refuses who has no verified certificate; for others the next rule is asked
};

enum class CertificatePresence { kEither, kPresent, kAbsent };

// Holds if every condition in it does; one without any holds always. An empty list is no
// condition; one with values holds if any of them fits. A condition on a client's certificate does
// not hold where there is no verified certificate, or no such name in it.
struct Match {
  // Of the client.
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
  // SUCCESS, NONE, FAILED, or FAILED:reason: what became of the client's certificate.
  std::vector<std::string> verify;
  // Of the connection and the request.
  std::vector<std::string> sni;  // names, `*` for the first label
  std::vector<std::string> method;
  std::vector<std::string> path;  // globs over the decoded path
  // Of conditions. `not_` has at most one.
  std::vector<Match> any;
  std::vector<Match> all;
  std::vector<Match> not_;
  Location where;
  bool operator==(const Match&) const = default;
};

// How deep `any`, `all` and `not` may be nested in a rule's match. Nobody reads more, and what
// walks over them may recurse.
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
  std::vector<Rule> rules;  // the first that decides, decides
  bool operator==(const Policy&) const = default;
};

// What decided when no rule did; no rule may have this name.
inline constexpr char kDefaultRuleName[] = "default";

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_POLICY_RULES_H_
