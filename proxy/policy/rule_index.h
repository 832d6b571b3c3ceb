// RuleIndex returns which of many rules have to be evaluated for a client and a path.
//
// Each rule is indexed by one of its own conditions, if it has one that a single lookup
// can find: an exact value, or the literal segments that a glob begins with. The rule
// cannot hold unless the client or the path has that value, so it is evaluated only then.
// Of several such conditions, the one with the smallest buckets is used. Rules without
// one are always evaluated.
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

  // The rules that are evaluated for every client and every path.
  const RuleNumbers& always() const { return always_; }
  // The rules indexed by something that the client has.
  RuleNumbers ForClient(const ClientFacts& client) const;

  // Sets up to kMaxLists lists: the rules indexed by the path. Returns how many.
  static constexpr size_t kMaxPrefixSegments = 16;
  static constexpr size_t kMaxLists = kMaxPrefixSegments + 1;
  size_t ForPath(std::string_view path,
                 std::array<absl::Span<const uint32_t>, kMaxLists>& lists) const;

 private:
  // What a rule may be indexed by: a value, or leading segments.
  struct IndexKey {
    Key condition;
    bool prefix;
    std::string text;
  };
  struct IndexEntry {
    std::vector<IndexKey> keys;  // the rule goes into the bucket of each
    size_t bucket_size = 0;      // of the largest bucket
  };
  using Table = absl::flat_hash_map<std::string, RuleNumbers>;
  static constexpr size_t kKeys = static_cast<size_t>(Key::kUriSan) + 1;

  static std::vector<IndexKey> KeysOf(const Condition& condition);
  Table& TableOf(const IndexKey& key) {
    return (key.prefix ? prefixes_ : exact_)[static_cast<size_t>(key.condition)];
  }
  void Count(const CompiledMatch& match, uint32_t rule);
  std::optional<IndexEntry> BestEntry(const CompiledMatch& match);
  std::optional<IndexEntry> BestEntryOfAny(const std::vector<CompiledMatch>& matches);
  void FindPrefixes(Key key, std::string_view text, RuleNumbers& found) const;
  void Find(Key key, std::string_view text, RuleNumbers& found) const;

  std::array<Table, kKeys> exact_;
  std::array<Table, kKeys> prefixes_;
  RuleNumbers always_;
};

}  // namespace mantlet::policy

#endif  // MANTLET_PROXY_POLICY_RULE_INDEX_H_
