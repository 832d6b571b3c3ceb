// Policy decides whether a client may make a request: Decide() returns a permit, or a denial with
// the number of the rule that decided. Pure.
//
//   auto policy = std::make_shared<const Policy>(config.policy);  // once per reload
//   view.Refresh(policy, peer);                                   // per connection
//   Decision decision = policy->Decide({view, "GET", "/a"});      // per request
//
// A Policy is immutable and shared by all threads. Decide() allocates nothing. For a request its
// cost grows with the number of rules that could hold for this client and path, not with the number
// of all rules.

#ifndef MANTLET_PROXY_POLICY_POLICY_H_
#define MANTLET_PROXY_POLICY_POLICY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/policy_rules.h"
#include "proxy/identity/peer_identity.h"
#include "proxy/policy/client_facts.h"
#include "proxy/policy/condition.h"
#include "proxy/policy/rule_index.h"

namespace mantlet::policy {

class Policy;

// ConnectionView holds the attributes of a client that a policy compares, computed once. It belongs
// to a connection; not thread-safe.
class ConnectionView {
 public:
  // Call it before each decision. Does nothing if policy and peer are unchanged since the last
  // call; otherwise it may allocate. `peer` may be null (nothing is known of the client) and must
  // outlive the view.
  void Refresh(const std::shared_ptr<const Policy>& policy, const identity::PeerIdentity* peer);

 private:
  friend class Policy;

  struct Facts {
    ClientFacts client;
    // The rules indexed by an attribute of the client that may hold.
    RuleNumbers rules;
  };

  std::shared_ptr<const Policy> policy_;
  const identity::PeerIdentity* peer_ = nullptr;
  std::unique_ptr<const Facts> facts_;  // null for a policy without rules
};

struct RequestFacts {
  const ConnectionView& client;  // refreshed for this policy
  std::string_view method;       // as in the request line
  std::string_view path;         // RequestPath::decoded(); ignored unless asks_for_path()
};

// ConnectionFacts describes a connection that carries no requests, e.g. raw TCP.
struct ConnectionFacts {
  const ConnectionView& client;  // refreshed for this policy
};

struct Decision {
  bool permit = false;
  uint32_t rule = 0;  // for Policy::rule_name()
};

class Policy {
 public:
  Policy() : Policy(config::Policy()) {}
  explicit Policy(const config::Policy& config);

  Decision Decide(const RequestFacts& request) const;
  // Decides about the connection itself. A rule whose match depends on a request never permits the
  // connection, and denies it if it could deny a request. So a connection is permitted only if
  // every request on it would be.
  Decision Decide(const ConnectionFacts& connection) const;

  // Returns whether Decide() needs a normalized path.
  bool asks_for_path() const { return asks_for_path_; }
  // Returns whether a rule depends on the server name. If so, the host of a request must be the
  // name from the handshake.
  bool asks_for_sni() const { return asks_for_sni_; }
  // Rules are numbered in the order of the configuration; the number after the last rule is the
  // default.
  size_t rule_count() const { return rules_.size(); }
  std::string_view rule_name(uint32_t rule) const {
    return rule < rules_.size() ? std::string_view(rules_[rule].name) : config::kDefaultRuleName;
  }
  // Returns whether the rule may deny a request.
  bool may_deny(uint32_t rule) const {
    return rule < rules_.size() ? rules_[rule].action != config::RuleAction::kAllow
                                : !default_allow_;
  }

 private:
  friend class ConnectionView;

  struct CompiledRule {
    std::string name;
    config::RuleAction action;
    CompiledMatch match;
  };

  const CompiledMatch& match(uint32_t rule) const { return rules_[rule].match; }
  // The number of the default, which follows the last rule.
  uint32_t default_rule() const { return static_cast<uint32_t>(rules_.size()); }

  bool default_allow_;
  bool asks_for_path_ = false;
  bool asks_for_sni_ = false;
  std::vector<CompiledRule> rules_;
  RuleNumbers path_rules_;  // the rules that depend on the path
  RuleIndex index_;
};

}  // namespace mantlet::policy

#endif  // MANTLET_PROXY_POLICY_POLICY_H_
