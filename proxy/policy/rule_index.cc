#include "proxy/policy/rule_index.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/string_view.h"

namespace mantlet::policy {
namespace {

absl::string_view Lookup(std::string_view text) { return {text.data(), text.size()}; }

// The first kMaxPrefixSegments segments of a prefix.
std::string_view Shortened(std::string_view prefix) {
  size_t slashes = 0;
  for (size_t i = 0; i < prefix.size(); ++i) {
    if (prefix[i] == '/' && ++slashes == RuleIndex::kMaxPrefixSegments) return prefix.substr(0, i);
  }
  return prefix;
}

// Calls fn with the first segment of `text`, the first two, and so on.
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

// Empty: rules cannot be filed under this condition.
std::vector<RuleIndex::Place> RuleIndex::PlacesOf(const Condition& condition) {
  switch (condition.key) {
    case Key::kClientCert:
    case Key::kVerify:
    case Key::kMethod:
      return {};
    default:
      break;
  }
  if (!condition.names.empty()) return {};
  std::vector<Place> places;
  for (const std::string& text : condition.texts) places.push_back({condition.key, false, text});
  for (const pattern::Glob& glob : condition.globs) {
    const std::optional<std::string_view> prefix = glob.literal_prefix();
    if (!prefix) return {};
    places.push_back({condition.key, true, std::string(Shortened(*prefix))});
  }
  return places;
}

RuleIndex::RuleIndex(const std::vector<const CompiledMatch*>& matches) {
  // First under everything, to see where the crowds are; then each under its best.
  for (uint32_t rule = 0; rule < matches.size(); ++rule) Count(*matches[rule], rule);
  std::vector<std::optional<Filing>> filings;
  filings.reserve(matches.size());
  for (const CompiledMatch* match : matches) filings.push_back(BestFiling(*match));
  for (auto* tables : {&exact_, &prefixes_}) {
    for (Table& table : *tables) table.clear();
  }
  for (uint32_t rule = 0; rule < matches.size(); ++rule) {
    if (!filings[rule]) {
      always_.push_back(rule);
      continue;
    }
    for (const Place& place : filings[rule]->places) {
      RuleNumbers& numbers = TableOf(place)[place.text];
      if (numbers.empty() || numbers.back() != rule) numbers.push_back(rule);
    }
  }
}

void RuleIndex::Count(const CompiledMatch& match, uint32_t rule) {
  for (const Condition& condition : match.conditions()) {
    for (const Place& place : PlacesOf(condition)) TableOf(place)[place.text].push_back(rule);
  }
  for (const CompiledMatch& inner : match.all()) Count(inner, rule);
  for (const CompiledMatch& inner : match.any()) Count(inner, rule);
}

std::optional<RuleIndex::Filing> RuleIndex::BestFiling(const CompiledMatch& match) {
  std::optional<Filing> best;
  const auto consider = [&](std::optional<Filing> filing) {
    if (filing && (!best || filing->crowd < best->crowd)) best = std::move(filing);
  };
  for (const Condition& condition : match.conditions()) {
    std::vector<Place> places = PlacesOf(condition);
    if (places.empty()) continue;
    Filing filing;
    for (const Place& place : places) {
      filing.crowd = std::max(filing.crowd, TableOf(place)[place.text].size());
    }
    filing.places = std::move(places);
    consider(std::move(filing));
  }
  for (const CompiledMatch& inner : match.all()) consider(BestFiling(inner));
  if (!match.any().empty()) consider(BestFilingOfAny(match.any()));
  return best;
}

std::optional<RuleIndex::Filing> RuleIndex::BestFilingOfAny(
    const std::vector<CompiledMatch>& matches) {
  Filing all;
  for (const CompiledMatch& match : matches) {
    std::optional<Filing> filing = BestFiling(match);
    if (!filing) return std::nullopt;
    all.crowd = std::max(all.crowd, filing->crowd);
    std::move(filing->places.begin(), filing->places.end(), std::back_inserter(all.places));
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
