// CompiledMatch evaluates the match of a rule for a client and a request. Immutable; any
// thread. Holds() allocates nothing and calls nothing but itself.

#ifndef MANTLET_PROXY_POLICY_CONDITION_H_
#define MANTLET_PROXY_POLICY_CONDITION_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/policy_rules.h"
#include "proxy/pattern/dns_pattern.h"
#include "proxy/pattern/glob.h"
#include "proxy/policy/client_facts.h"

namespace mantlet::policy {

// In the order in which conditions are evaluated: first what is cheap and often fails.
enum class Key : uint8_t {
  kClientCert,
  kVerify,
  kMethod,
  kPath,
  kSni,
  kTrustDomain,
  kSpiffeId,
  kSpki,
  kCn,
  kSubject,
  kIssuer,
  kOu,
  kOrganizationIdentifier,
  kDnsSan,
  kEmailSan,
  kIpSan,
  kUpnSan,
  kUriSan,
};

// Condition is one key of a match and its values, of which any may fit.
struct Condition {
  Key key = Key::kClientCert;
  bool present = false;                    // kClientCert only
  std::vector<std::string> texts;          // sorted
  std::vector<pattern::Glob> globs;        // those with wildcards
  std::vector<pattern::DnsPattern> names;  // those with wildcards

  bool Fits(std::string_view value) const;
};

// The result of a match before there is a request: kMaybe depends on the request.
enum class Answer : uint8_t { kNo, kMaybe, kYes };

class CompiledMatch {
 public:
  explicit CompiledMatch(const config::Match& match);

  // Returns whether the match holds. `path` is decoded and in its normal form; it may be empty
  // if no condition asks for it.
  bool Holds(const ClientFacts& client, std::string_view method, std::string_view path) const;
  // Returns the same before there is a request.
  Answer HoldsFor(const ClientFacts& client) const;

  const std::vector<Condition>& conditions() const { return conditions_; }
  const std::vector<CompiledMatch>& any() const { return any_; }
  const std::vector<CompiledMatch>& all() const { return all_; }
  // Whether a condition asks for the path, however deep.
  bool asks_for_path() const { return asks_for_path_; }
  bool asks_for_sni() const { return asks_for_sni_; }

 private:
  void Add(Key key, const std::vector<std::string>& texts);
  void AddGlobs(Key key, const std::vector<std::string>& texts);
  void AddNames(Key key, const std::vector<std::string>& texts);

  std::vector<Condition> conditions_;
  std::vector<CompiledMatch> any_;
  std::vector<CompiledMatch> all_;
  std::vector<CompiledMatch> not_;
  bool asks_for_path_ = false;
  bool asks_for_sni_ = false;
};

}  // namespace mantlet::policy

#endif  // MANTLET_PROXY_POLICY_CONDITION_H_
