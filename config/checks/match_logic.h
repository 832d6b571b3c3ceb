// MatchLogic compares the conditions of rules without a client or a request. It flattens each match
// into alternatives, because `any`, `all` and `not` are rarely nested in practice. Every positive
// answer is certain; a negative one may mean that the match was too large.

#ifndef MANTLET_CONFIG_CHECKS_MATCH_LOGIC_H_
#define MANTLET_CONFIG_CHECKS_MATCH_LOGIC_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "config/policy_rules.h"

namespace mantlet::config {

// A key of a match that lists values.
struct MatchKey {
  enum class Form { kText, kGlob, kDnsName, kMailbox, kDistinguishedName, kVerification };

  const char* name;
  std::vector<std::string> Match::* values;
  Form form;      // how two values are compared
  bool identity;  // a name in the client's certificate
  bool single;    // a certificate has at most one such name
};
absl::Span<const MatchKey> MatchKeys();

// A key and its values: one of them must match or, if negated, none.
struct Condition {
  const MatchKey* key;
  std::shared_ptr<const std::vector<std::string>> values;
  bool negated;
};

// A set of outcomes of the verification of a client's certificate.
using Outcomes = unsigned;
inline constexpr Outcomes kVerified = 1, kNoCertificate = 2, kNotVerified = 4;

// An alternative holds if the outcome is one of these and every condition holds.
struct Alternative {
  Outcomes outcomes;
  std::vector<Condition> conditions;
};

// FlatMatch is a match without `any`, `all` and `not`. It holds if one of its alternatives holds.
// No alternative contradicts itself, so a match without alternatives never holds.
struct FlatMatch {
  std::vector<Alternative> alternatives;
  bool complete = true;  // false if there were too many; then none is kept

  bool NeverHolds() const { return complete && alternatives.empty(); }
  // Returns whether it holds only for clients with one of these outcomes.
  bool Needs(Outcomes outcomes) const {
    return complete &&
           std::all_of(alternatives.begin(), alternatives.end(),
                       [&](const Alternative& a) { return (a.outcomes & ~outcomes) == 0; });
  }
};

class MatchLogic {
 public:
  // `outcomes` are those of the clients that a listener accepts.
  explicit MatchLogic(Outcomes outcomes) : outcomes_(outcomes) {}

  FlatMatch Flatten(const Match& match) { return Flatten(match, false); }

  // Implies returns whether `b` holds whenever `a` does.
  bool Implies(const FlatMatch& a, const FlatMatch& b);
  // ExcludesByName returns whether clients without a certificate match only because a name is
  // missing.
  bool ExcludesByName(const FlatMatch& match) const;

  // Returns whether the budget of comparisons for the policy is used up. All answers are then
  // negative.
  bool exhausted() const { return compared_ >= kMaxComparisons; }

 private:
  static constexpr size_t kMaxAlternatives = 256;
  static constexpr size_t kMaxComparisons = 2'000'000;  // of values; about a second

  FlatMatch Flatten(const Match& match, bool negated);
  FlatMatch Flatten(const MatchKey& key, std::vector<std::string> values, bool negated) const;
  FlatMatch Combine(const std::vector<FlatMatch>& parts, bool conjunction);
  FlatMatch Both(const FlatMatch& a, const FlatMatch& b);

  bool Implies(const Alternative& have, const Condition& want);
  bool Contradict(const Alternative& a, const Alternative& b);
  bool AllCovered(const Condition& narrow, const Condition& wide);
  bool AllApart(const Condition& a, const Condition& b);
  bool Spend(const Condition& a, const Condition& b);

  const Outcomes outcomes_;
  size_t compared_ = 0;
};

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_CHECKS_MATCH_LOGIC_H_
