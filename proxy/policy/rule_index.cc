#include "proxy/policy/rule_index.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/string_view.h"

namespace mantlet::policy {
namespace {

absl::string_view Lookup(std::string_view text) { return {text.data(), text.size()}; }

// Returns the first kMaxPrefixSegments segments of a prefix.
std::string_view Shortened(std::string_view prefix) {
  size_t slashes = 0;
  for (size_t i = 0; i < prefix.size(); ++i) {
    if (prefix[i] == '/' && ++slashes == RuleIndex::kMaxPrefixSegments) return prefix.substr(0, i);
  }
  return prefix;
}

// Calls fn with the first segment of `text`, then with the first two, and so on.
template <typename Fn>
void ForEachPrefix(std::string_view text, Fn fn) {
  size_t segments = 0;
  for (size_t at = 0; segments < RuleIndex::kMaxPrefixSegments; ++segments) {
    const size_t slash = text.find('/', at);
    fn(text.substr(0, slash));
    if (slash == std::string_view::npos) return;
    at = slash + 1;
  }
}

void SortNumbers(RuleNumbers& numbers) {
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
}

}  // namespace

// Returns an empty list if rules cannot be indexed by this condition.
std::vector<RuleIndex::IndexKey> RuleIndex::KeysOf(const Condition& condition) {
  switch (condition.key) {
    case Key::kClientCert:
    case Key::kVerify:
    case Key::kMethod:
      return {};
    default:
      break;
  }
  if (!condition.names.empty()) return {};
  std::vector<IndexKey> keys;
  for (const std::string& text : condition.texts) keys.push_back({condition.key, false, text});
  for (const pattern::Glob& glob : condition.globs) {
    const std::optional<std::string_view> prefix = glob.literal_prefix();
    if (!prefix) return {};
    keys.push_back({condition.key, true, std::string(Shortened(*prefix))});
  }
  return keys;
}

RuleIndex::RuleIndex(const std::vector<const CompiledMatch*>& matches) {
  // First index every rule by all of its keys to get the sizes of the buckets, then by its best key
  // only.
  for (uint32_t rule = 0; rule < matches.size(); ++rule) Count(*matches[rule], rule);
  std::vector<std::optional<IndexEntry>> entries;
  entries.reserve(matches.size());
  for (const CompiledMatch* match : matches) entries.push_back(BestEntry(*match));
  for (auto* tables : {&exact_, &prefixes_}) {
    for (Table& table : *tables) table.clear();
  }
  for (uint32_t rule = 0; rule < matches.size(); ++rule) {
    if (!entries[rule]) {
      always_.push_back(rule);
      continue;
    }
    for (const IndexKey& key : entries[rule]->keys) {
      RuleNumbers& numbers = TableOf(key)[key.text];
      if (numbers.empty() || numbers.back() != rule) numbers.push_back(rule);
    }
  }
}

void RuleIndex::Count(const CompiledMatch& match, uint32_t rule) {
  for (const Condition& condition : match.conditions()) {
    for (const IndexKey& key : KeysOf(condition)) TableOf(key)[key.text].push_back(rule);
  }
  for (const CompiledMatch& inner : match.all()) Count(inner, rule);
  for (const CompiledMatch& inner : match.any()) Count(inner, rule);
}

std::optional<RuleIndex::IndexEntry> RuleIndex::BestEntry(const CompiledMatch& match) {
  std::optional<IndexEntry> best;
  const auto consider = [&](std::optional<IndexEntry> entry) {
    if (entry && (!best || entry->bucket_size < best->bucket_size)) best = std::move(entry);
  };
  for (const Condition& condition : match.conditions()) {
    std::vector<IndexKey> keys = KeysOf(condition);
    if (keys.empty()) continue;
    IndexEntry entry;
    for (const IndexKey& key : keys) {
      entry.bucket_size = std::max(entry.bucket_size, TableOf(key)[key.text].size());
    }
    entry.keys = std::move(keys);
    consider(std::move(entry));
  }
  for (const CompiledMatch& inner : match.all()) consider(BestEntry(inner));
  if (!match.any().empty()) consider(BestEntryOfAny(match.any()));
  return best;
}

std::optional<RuleIndex::IndexEntry> RuleIndex::BestEntryOfAny(
    const std::vector<CompiledMatch>& matches) {
  IndexEntry all;
  for (const CompiledMatch& match : matches) {
    std::optional<IndexEntry> entry = BestEntry(match);
    if (!entry) return std::nullopt;
    all.bucket_size = std::max(all.bucket_size, entry->bucket_size);
    std::move(entry->keys.begin(), entry->keys.end(), std::back_inserter(all.keys));
  }
  return all;
}

void RuleIndex::Find(Key key, std::string_view text, RuleNumbers& found) const {
  const Table& table = exact_[static_cast<size_t>(key)];
  if (table.empty()) return;
  const auto numbers = table.find(Lookup(text));
  if (numbers == table.end()) return;
  found.insert(found.end(), numbers->second.begin(), numbers->second.end());
}

void RuleIndex::FindPrefixes(Key key, std::string_view text, RuleNumbers& found) const {
  const Table& table = prefixes_[static_cast<size_t>(key)];
  if (table.empty()) return;
  ForEachPrefix(text, [&](std::string_view prefix) {
    const auto numbers = table.find(Lookup(prefix));
    if (numbers == table.end()) return;
    found.insert(found.end(), numbers->second.begin(), numbers->second.end());
  });
}

RuleNumbers RuleIndex::ForClient(const ClientFacts& client) const {
  RuleNumbers found;
  Find(Key::kSni, client.sni, found);
  Find(Key::kSpiffeId, client.spiffe_id, found);
  FindPrefixes(Key::kSpiffeId, client.spiffe_id, found);
  Find(Key::kTrustDomain, client.trust_domain, found);
  Find(Key::kSpki, client.spki_sha256, found);
  Find(Key::kCn, client.cn, found);
  Find(Key::kSubject, client.subject, found);
  Find(Key::kIssuer, client.issuer, found);
  if (client.ou != nullptr) {
    for (const std::string& ou : *client.ou) Find(Key::kOu, ou, found);
  }
  if (client.organization_identifier != nullptr) {
    for (const std::string& text : *client.organization_identifier) {
      Find(Key::kOrganizationIdentifier, text, found);
    }
  }
  for (const std::string& name : client.dns_san) Find(Key::kDnsSan, name, found);
  for (const std::string& name : client.email_san) Find(Key::kEmailSan, name, found);
  if (client.ip_san != nullptr) {
    for (const std::string& address : *client.ip_san) Find(Key::kIpSan, address, found);
  }
  for (const std::string& name : client.upn_san) Find(Key::kUpnSan, name, found);
  for (std::string_view uri : client.uri_san) {
    Find(Key::kUriSan, uri, found);
    FindPrefixes(Key::kUriSan, uri, found);
  }
  SortNumbers(found);
  return found;
}

size_t RuleIndex::ForPath(std::string_view path,
                          std::array<absl::Span<const uint32_t>, kMaxLists>& lists) const {
  size_t count = 0;
  const Table& exact = exact_[static_cast<size_t>(Key::kPath)];
  if (!exact.empty()) {
    if (const auto numbers = exact.find(Lookup(path)); numbers != exact.end()) {
      lists[count++] = numbers->second;
    }
  }
  const Table& prefixes = prefixes_[static_cast<size_t>(Key::kPath)];
  if (prefixes.empty()) return count;
  ForEachPrefix(path, [&](std::string_view prefix) {
    const auto numbers = prefixes.find(Lookup(prefix));
    if (numbers != prefixes.end()) lists[count++] = numbers->second;
  });
  return count;
}

}  // namespace mantlet::policy
