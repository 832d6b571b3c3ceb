#include "proxy/server/upstream_resolver.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "config/diagnostic.h"

namespace mantlet::server {
namespace {

using io::SocketAddress;
using upstream::Target;
using upstream::TargetPtr;

constexpr int64_t kRetryFirstMs = 500;
// The interval between lookups while no address is known and requests are rejected.
constexpr int64_t kRetryUnknownMs = 5'000;
// The shortest interval between lookups caused by failing connections.
constexpr int64_t kShortestPauseMs = 1'000;
// Requests wait this long for the first answer before they are rejected.
constexpr int64_t kFirstAnswerMs = 2'000;
// The same failure is logged again after this time.
constexpr int64_t kWarnAgainMs = 600'000;

std::vector<std::string> Texts(const std::vector<SocketAddress>& addresses) {
  std::vector<std::string> texts;
  for (const SocketAddress& address : addresses) texts.push_back(address.ToString());
  return texts;
}

// Ignores the order, which resolvers change with every answer.
bool SameSet(const std::vector<SocketAddress>& a, const std::vector<SocketAddress>& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const SocketAddress& one) {
           return std::find(b.begin(), b.end(), one) != b.end();
         });
}

}  // namespace

struct UpstreamResolver::Entry {
  Entry(UpstreamResolver* resolver, TargetPtr used)
      : target(std::move(used)),
        lookup_timer([this, resolver] { resolver->StartLookup(*this); }),
        first_answer_timer([this, resolver] { resolver->OnNoAnswerYet(*this); }) {}

  TargetPtr target;
  bool looking_up = false;
  std::optional<int64_t> looked_up_at;
  int64_t retry_ms = 0;    // the pause after the last failure; 0 after a success
  int64_t suspect_ms = 0;  // while connections fail: the pause until the next lookup; 0 otherwise
  std::string failure;     // why the last lookup failed; empty after a success
  int64_t warned_at = 0;
  base::FunctionTimer lookup_timer;
  base::FunctionTimer first_answer_timer;
};

UpstreamResolver::UpstreamResolver(io::Loop& loop, base::Logger& logger, observe::Metrics& metrics,
                                   io::NameLookup& lookup, std::function<void(TargetPtr)> publish)
    : loop_(loop),
      logger_(logger),
      metrics_(metrics),
      lookup_(lookup),
      publish_(std::move(publish)) {}

UpstreamResolver::~UpstreamResolver() = default;

absl::StatusOr<TargetPtr> UpstreamResolver::TargetOf(const config::Upstream& config) const {
  auto known = entries_.find(config.name);
  const Target* before = known == entries_.end() ? nullptr : known->second->target.get();
  if (before != nullptr && before->config == config) return known->second->target;
  auto target = std::make_shared<Target>();
  target->config = config;
  target->address_text = config::ToString(config.address);
  if (config.address.kind == config::Address::Kind::kUnix) {
    absl::StatusOr<SocketAddress> address = SocketAddress::Unix(config.address.path);
    if (!address.ok()) return address.status();
    target->addresses.push_back(*address);
  } else if (auto literal = SocketAddress::Literal(config.address.host, config.address.port)) {
    target->addresses.push_back(*literal);
  } else {
    target->named = true;
    if (before != nullptr && before->config.address == config.address) {
      target->addresses = before->addresses;
      target->unresolved = before->unresolved;
    }
  }
  return target;
}

void UpstreamResolver::Use(const std::vector<TargetPtr>& targets) {
  std::map<std::string, std::shared_ptr<Entry>> before = std::exchange(entries_, {});
  for (const TargetPtr& target : targets) {
    const std::string& name = target->config.name;
    if (entries_.contains(name)) continue;
    std::shared_ptr<Entry>& entry = entries_[name];
    if (auto it = before.find(name); it != before.end()) {
      const config::Upstream& old = it->second->target->config;
      const bool same_interval = old.resolve_interval == target->config.resolve_interval;
      if (old.address == target->config.address) entry = it->second;
      if (entry != nullptr && entry->target != target) {
        entry->target = target;
        if (target->named && !entry->looking_up && !same_interval) StartLookupIn(*entry, 0);
      }
    }
    metrics_.SetUpstreamAddresses(name, target->addresses.size());
    if (entry != nullptr) continue;
    entry = std::make_shared<Entry>(this, target);
    if (target->named) StartLookup(*entry);
  }
  for (const auto& [name, entry] : before) {
    if (!entries_.contains(name)) metrics_.RemoveUpstreamAddresses(name);
  }
}

TargetPtr UpstreamResolver::Find(const std::string& upstream) const {
  auto found = entries_.find(upstream);
  return found == entries_.end() ? nullptr : found->second->target;
}

void UpstreamResolver::Refresh() {
  for (const auto& [name, entry] : entries_) {
    if (entry->target->named && !entry->looking_up) StartLookup(*entry);
  }
}

void UpstreamResolver::Unreachable(const std::string& upstream) {
  auto found = entries_.find(upstream);
  if (found == entries_.end() || !found->second->target->named) return;
  Entry& entry = *found->second;
  // The name may change a moment later than the application, so it is looked up repeatedly for a
  // while.
  entry.suspect_ms = kShortestPauseMs;
  if (entry.looking_up) return;
  const int64_t at = entry.looked_up_at.value_or(0) + kShortestPauseMs;
  if (!entry.lookup_timer.armed() || entry.lookup_timer.deadline_ms() > at) {
    StartLookupIn(entry, std::max<int64_t>(at - loop_.now_ms(), 0));
  }
}

std::vector<std::string> UpstreamResolver::Unresolved() const {
  std::vector<std::string> sentences;
  for (const auto& [name, entry] : entries_) {
    if (entry->failure.empty()) continue;
    sentences.push_back(absl::StrCat("upstream '", name, "': ", entry->failure,
                                     entry->target->addresses.empty()
                                         ? "; its requests get 502 until the name is resolved"
                                         : "; the known addresses stay in use"));
  }
  return sentences;
}

void UpstreamResolver::StartLookupIn(Entry& entry, int64_t delay_ms) {
  loop_.ArmIn(entry.lookup_timer, delay_ms);
}

void UpstreamResolver::StartLookup(Entry& entry) {
  loop_.timers().Cancel(entry.lookup_timer);
  entry.looking_up = true;
  entry.looked_up_at = loop_.now_ms();
  if (entry.target->addresses.empty() && entry.target->unresolved.empty()) {
    loop_.ArmIn(entry.first_answer_timer, kFirstAnswerMs);
  }
  const config::Address& address = entry.target->config.address;
  std::weak_ptr<Entry> still = entries_.at(entry.target->config.name);
  lookup_.Start(address.host, address.port, [this, still](io::NameLookup::Answer answer) {
    // A reload may have removed the entry, and the owner may have destroyed this resolver.
    if (auto owner = still.lock()) OnAnswer(*owner, std::move(answer));
  });
}

void UpstreamResolver::OnNoAnswerYet(Entry& entry) {
  OnFailure(entry, absl::StrCat("cannot resolve '", entry.target->config.address.host,
                                "': no name server has answered yet"));
}

void UpstreamResolver::OnAnswer(Entry& entry, io::NameLookup::Answer answer) {
  entry.looking_up = false;
  loop_.timers().Cancel(entry.first_answer_timer);
  const int64_t interval_ms = entry.target->config.resolve_interval.count();
  if (!answer.ok()) {
    OnFailure(entry, std::string(answer.status().message()));
    entry.retry_ms = entry.retry_ms == 0 ? kRetryFirstMs : entry.retry_ms * 2;
    entry.retry_ms = std::min(entry.retry_ms, entry.target->addresses.empty()
                                                  ? std::min(interval_ms, kRetryUnknownMs)
                                                  : interval_ms);
    StartLookupIn(entry, entry.retry_ms);
    return;
  }
  const bool moved = !SameSet(*answer, entry.target->addresses);
  if (!std::exchange(entry.failure, {}).empty() || moved) {
    const std::vector<std::string> before = Texts(entry.target->addresses);
    logger_.Info("upstream_resolved", "The name of an upstream was resolved.",
                 {{"upstream", entry.target->config.name},
                  {"name", entry.target->config.address.host},
                  {"addresses", Texts(*answer)},
                  {"before", before}});
  }
  entry.retry_ms = 0;
  if (moved) entry.suspect_ms = 0;
  const int64_t pause_ms = entry.suspect_ms == 0 ? interval_ms : entry.suspect_ms;
  entry.suspect_ms = entry.suspect_ms * 2 < interval_ms ? entry.suspect_ms * 2 : 0;
  StartLookupIn(entry, std::min(pause_ms, interval_ms));
  if (moved) Replace(entry, *std::move(answer), {});
}

// Known addresses stay in use.
void UpstreamResolver::OnFailure(Entry& entry, const std::string& error) {
  metrics_.UpstreamResolveFailed(entry.target->config.name);
  const bool known = !entry.target->addresses.empty();
  if (entry.failure != error || loop_.now_ms() - entry.warned_at >= kWarnAgainMs) {
    entry.failure = error;
    entry.warned_at = loop_.now_ms();
    logger_.Warn(
        "upstream_unresolved",
        known ? "The name of an upstream cannot be resolved; the known addresses stay in use."
              : "The name of an upstream cannot be resolved; its requests get 502 until it is "
                "resolved.",
        {{"upstream", entry.target->config.name},
         {"name", entry.target->config.address.host},
         {"error", error},
         {"addresses", Texts(entry.target->addresses)}});
  }
  if (!known && entry.target->unresolved != error) Replace(entry, {}, error);
}

void UpstreamResolver::Replace(Entry& entry, std::vector<SocketAddress> addresses,
                               std::string unresolved) {
  auto target = std::make_shared<Target>(*entry.target);
  target->addresses = std::move(addresses);
  target->unresolved = std::move(unresolved);
  entry.target = target;
  metrics_.SetUpstreamAddresses(target->config.name, target->addresses.size());
  publish_(std::move(target));
}

}  // namespace mantlet::server
