// RuleIndex returns which of many rules have to be evaluated for a client and a path.
//
// Each rule is indexed by one of its own conditions, if it has one that a single lookup can find:
// an exact value, or the literal segments that a glob begins with. The rule cannot hold unless the
// client or the path has that value, so it is evaluated only in that case. Among several such
// conditions, the one with the smallest buckets is used. Rules without such a condition are always
// evaluated.
//
// Immutable after construction; any thread.

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

// Numbers of rules, ascending and unique.
using RuleNumbers = std::vector<uint32_t>;

class RuleIndex {
 public:
  RuleIndex() = default;
  explicit RuleIndex(const std::vector<const CompiledMatch*>& matches);

  // Returns the rules that are evaluated for every client and every path.
  const RuleNumbers& always() const { return always_; }
  // Returns the rules indexed by an attribute of the client.
  RuleNumbers ForClient(const ClientFacts& client) const;

  // Fills in up to kMaxLists lists of rules that are indexed by the path. Returns their number.
  static constexpr size_t kMaxPrefixSegments = 16;
  static constexpr size_t kMaxLists = kMaxPrefixSegments + 1;
  size_t ForPath(std::string_view path,
                 std::array<absl::Span<const uint32_t>, kMaxLists>& lists) const;

 private:
  // IndexKey is the value, or the leading segments, that a rule is indexed by.
  struct IndexKey {
    Key condition;
    bool prefix;
    std::string text;
  };
  struct IndexEntry {
    std::vector<IndexKey> keys;  // the rule is added to the bucket of each
    size_t bucket_size = 0;      // size of the largest of these buckets
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
