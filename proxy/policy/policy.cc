#include "proxy/policy/policy.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "absl/types/span.h"

namespace mantlet::policy {
namespace {

constexpr uint32_t kNoRule = std::numeric_limits<uint32_t>::max();

// Merge walks several ascending lists as one and returns each number once.
class Merge {
 public:
  using List = absl::Span<const uint32_t>;

  void Add(List list) {
    if (!list.empty()) lists_[count_++] = list;
  }
  // Returns kNoRule after the last number.
  uint32_t Next() {
    uint32_t least = kNoRule;
    for (size_t i = 0; i < count_; ++i) least = std::min(least, lists_[i].front());
    for (size_t i = 0; i < count_;) {
      if (lists_[i].front() == least) lists_[i].remove_prefix(1);
      if (lists_[i].empty()) {
        lists_[i] = lists_[--count_];
      } else {
        ++i;
      }
    }
    return least;
  }

 private:
  std::array<List, RuleIndex::kMaxLists + 2> lists_;
  size_t count_ = 0;
};

}  // namespace

Policy::Policy(const config::Policy& config) : default_allow_(config.default_allow) {
  rules_.reserve(config.rules.size());
  std::vector<const CompiledMatch*> matches;
  for (const config::Rule& rule : config.rules) {
    rules_.push_back({rule.name, rule.action, CompiledMatch(rule.match)});
    matches.push_back(&rules_.back().match);
    asks_for_path_ |= rules_.back().match.asks_for_path();
    asks_for_sni_ |= rules_.back().match.asks_for_sni();
    if (rules_.back().match.asks_for_path()) {
      path_rules_.push_back(static_cast<uint32_t>(rules_.size() - 1));
    }
  }
  index_ = RuleIndex(matches);
}

Decision Policy::Decide(const RequestFacts& request) const {
  if (rules_.empty()) return {default_allow_, default_rule()};
  Merge candidates;
  candidates.Add(index_.always());
  candidates.Add(request.client.facts_->rules);
  if (asks_for_path_) {
    std::array<Merge::List, RuleIndex::kMaxLists> lists;
    const size_t count = index_.ForPath(request.path, lists);
    for (size_t i = 0; i < count; ++i) candidates.Add(lists[i]);
  }
  const ClientFacts& client = request.client.facts_->client;
  for (uint32_t i = candidates.Next(); i != kNoRule; i = candidates.Next()) {
    const CompiledRule& rule = rules_[i];
    if (!rule.match.Holds(client, request.method, request.path)) continue;
    switch (rule.action) {
      case config::RuleAction::kAllow:
        return {true, i};
      case config::RuleAction::kDeny:
        return {false, i};
      case config::RuleAction::kRequireClientCert:
        if (!client.has_certificate) return {false, i};
        break;
    }
  }
  return {default_allow_, default_rule()};
}

Decision Policy::Decide(const ConnectionFacts& connection) const {
  if (rules_.empty()) return {default_allow_, default_rule()};
  Merge candidates;
  candidates.Add(index_.always());
  candidates.Add(connection.client.facts_->rules);
  candidates.Add(path_rules_);
  const ClientFacts& client = connection.client.facts_->client;
  for (uint32_t i = candidates.Next(); i != kNoRule; i = candidates.Next()) {
    const CompiledRule& rule = rules_[i];
    const Answer answer = rule.match.HoldsFor(client);
    if (answer == Answer::kNo) continue;
    switch (rule.action) {
      case config::RuleAction::kAllow:
        if (answer == Answer::kYes) return {true, i};
        break;
      case config::RuleAction::kDeny:
        return {false, i};
      case config::RuleAction::kRequireClientCert:
        if (!client.has_certificate) return {false, i};
        break;
    }
  }
  return {default_allow_, default_rule()};
}

void ConnectionView::Refresh(const std::shared_ptr<const Policy>& policy,
                             const identity::PeerIdentity* peer) {
  if (policy_ == policy && peer_ == peer) return;
  policy_ = policy;
  peer_ = peer;
  facts_.reset();
  if (policy->rules_.empty()) return;
  auto facts = std::make_unique<Facts>();
  if (peer != nullptr) {
    facts->client = ClientFacts(*peer);
    for (const uint32_t rule : policy->index_.ForClient(facts->client)) {
      if (policy->match(rule).HoldsFor(facts->client) != Answer::kNo) facts->rules.push_back(rule);
    }
    facts->rules.shrink_to_fit();
  }
  facts_ = std::move(facts);
}

}  // namespace mantlet::policy
