// RuleIndex: which of many rules need to be asked at all.
//
// Each rule is filed under one of its own conditions, if it has one that a single
// look can find: an exact value, or the literal segments that a glob begins with.
// It cannot hold unless the client or the path has that value, so it is asked
// only then. Which condition: the one that has the fewest rules filed under it.
// Rules without such a condition are asked always.
//
// Immutable once built; any thread.

#ifndef MANTLET_PROXY_POLICY_RULE_INDEX_H_
#define MANTLET_PROXY_POLICY_RULE_INDEX_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "proxy/policy/condition.h"

namespace mantlet::policy {

// Numbers of rules, ascending, none twice.
using RuleNumbers = std::vector<uint32_t>;

class RuleIndex {
 public:
  RuleIndex() = default;
  explicit RuleIndex(const std::vector<const CompiledMatch*>& matches);

  // Those that are asked whoever the client and whatever the path.
  const RuleNumbers& always() const { return always_; }
  // Those filed under something the client has.
  RuleNumbers ForClient(const ClientFacts& client) const;

  // Those filed under the path: up to kMaxLists lists. Returns how many.
  static constexpr size_t kMaxPrefixSegments = 16;
  static constexpr size_t kMaxLists = kMaxPrefixSegments + 1;
  size_t ForPath(std::string_view path,
                 std::array<absl::Span<const uint32_t>, kMaxLists>& lists) const;

 private:
  // Where a rule may be filed: under a value, or under leading segments.
  struct Place {
    Key key;
    bool prefix;
    std::string text;
  };
  struct Filing {
    std::vector<Place> places;  // the rule goes into each of them
    size_t crowd = 0;           // the most rules in any of them
  };
  using Table = absl::flat_hash_map<std::string, RuleNumbers>;
  static constexpr size_t kKeys = static_cast<size_t>(Key::kUriSan) + 1;

  static std::vector<Place> PlacesOf(const Condition& condition);
  Table& TableOf(const Place& place) {
    return (place.prefix ? prefixes_ : exact_)[static_cast<size_t>(place.key)];
  }
  void Count(const CompiledMatch& match, uint32_t rule);
  std::optional<Filing> BestFiling(const CompiledMatch& match);
  std::optional<Filing> BestFilingOfAny(const std::vector<CompiledMatch>& matches);
  void FindPrefixes(Key key, std::string_view text, RuleNumbers& found) const;
  void Find(Key key, std::string_view text, RuleNumbers& found) const;

  std::array<Table, kKeys> exact_;
  std::array<Table, kKeys> prefixes_;
  RuleNumbers always_;
};

}  // namespace mantlet::policy

#endif  // MANTLET_PROXY_POLICY_RULE_INDEX_H_
