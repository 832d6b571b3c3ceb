// CompiledMatch evaluates the match of a rule for a client and a request. Immutable; any thread.
// Holds() allocates nothing.

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

// The keys are in the order of evaluation: cheap conditions that often fail come first.
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

// Condition is one key of a match with its values. It holds if any value matches.
struct Condition {
  Key key = Key::kClientCert;
  bool present = false;                    // kClientCert only
  std::vector<std::string> texts;          // sorted
  std::vector<pattern::Glob> globs;        // values with wildcards
  std::vector<pattern::DnsPattern> names;  // values with wildcards

  bool Fits(std::string_view value) const;
};

// Answer is the result of a match before there is a request: kMaybe means that it depends on the
// request.
enum class Answer : uint8_t { kNo, kMaybe, kYes };

class CompiledMatch {
 public:
  explicit CompiledMatch(const config::Match& match);

  // Returns whether the match holds. `path` is decoded and normalized; it may be empty if no
  // condition depends on it.
  bool Holds(const ClientFacts& client, std::string_view method, std::string_view path) const;
  // Returns the result before there is a request.
  Answer HoldsFor(const ClientFacts& client) const;

  const std::vector<Condition>& conditions() const { return conditions_; }
  const std::vector<CompiledMatch>& any() const { return any_; }
  const std::vector<CompiledMatch>& all() const { return all_; }
  // Returns whether any condition, at any depth, depends on the path.
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
