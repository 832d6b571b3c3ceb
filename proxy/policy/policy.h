// Policy decides from who a client is and what it asks for: it returns a permit, or a
// denial with the number of the rule that decided. Pure.
//
//   auto policy = std::make_shared<const Policy>(config.policy);  // once per reload
//   view.Refresh(policy, peer);                                   // per connection
//   Decision decision = policy->Decide({view, "GET", "/a"});      // per request
//
// A Policy is immutable and shared by all threads. Decide() allocates nothing; for a
// request its cost grows with the rules that could hold for this client and path, not
// with all.

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

// ConnectionView holds what a policy needs to know of a client, computed once. Belongs
// to a connection; not thread-safe.
class ConnectionView {
 public:
  // Before each decision. Does nothing if policy and peer are those of the last
  // call. `peer` may be null (a client of whom nothing is known) and outlives the
  // view. May allocate if there is something to do.
  void Refresh(const std::shared_ptr<const Policy>& policy, const identity::PeerIdentity* peer);

 private:
  friend class Policy;

  struct Facts {
    ClientFacts client;
    // Of the rules indexed by something that the client has: those that may hold.
    RuleNumbers rules;
  };

  std::shared_ptr<const Policy> policy_;
  const identity::PeerIdentity* peer_ = nullptr;
  std::unique_ptr<const Facts> facts_;  // null for a policy without rules
};

struct RequestFacts {
  const ConnectionView& client;  // refreshed for the policy that is asked
  std::string_view method;       // as in the request line
  std::string_view path;         // RequestPath::decoded(); unused unless asks_for_path()
};

// A connection that carries no requests, as raw TCP does.
struct ConnectionFacts {
  const ConnectionView& client;  // refreshed for the policy that is asked
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
  // Decides about the connection itself. A rule whose match depends on a request counts against
  // the client: it permits nothing, and denies where it might. So what is permitted here would
  // be permitted for every request.
  Decision Decide(const ConnectionFacts& connection) const;

  // Whether a path must be in its normal form before a decision.
  bool asks_for_path() const { return asks_for_path_; }
  // Whether rules tell server names apart: then a request must be for the one that
  // the handshake named.
  bool asks_for_sni() const { return asks_for_sni_; }
  // Rules are numbered in the order of the configuration; the number after the
  // last is the default.
  size_t rule_count() const { return rules_.size(); }
  std::string_view rule_name(uint32_t rule) const {
    return rule < rules_.size() ? std::string_view(rules_[rule].name) : config::kDefaultRuleName;
  }
  // Whether the rule may refuse a request.
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
  // The number after the last rule: the default's.
  uint32_t default_rule() const { return static_cast<uint32_t>(rules_.size()); }

  bool default_allow_;
  bool asks_for_path_ = false;
  bool asks_for_sni_ = false;
  std::vector<CompiledRule> rules_;
  RuleNumbers path_rules_;  // those that ask for the path
  RuleIndex index_;
};

}  // namespace mantlet::policy

#endif  // MANTLET_PROXY_POLICY_POLICY_H_
