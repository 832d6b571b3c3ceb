#include "proxy/server/snapshot.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "config/diagnostic.h"

namespace mantlet::server {
namespace {

using TargetPtr = std::shared_ptr<const upstream::Target>;

absl::StatusOr<TargetPtr> ResolveTarget(const config::Upstream& config) {
  auto target = std::make_shared<upstream::Target>();
  target->config = config;
  target->address_text = config::ToString(config.address);
  if (config.address.kind == config::Address::Kind::kUnix) {
    absl::StatusOr<io::SocketAddress> address = io::SocketAddress::Unix(config.address.path);
    if (!address.ok()) return address.status();
    target->addresses.push_back(*address);
    return target;
  }
  auto addresses = io::SocketAddress::Resolve(config.address.host, config.address.port);
  if (!addresses.ok()) {
    return absl::NotFoundError(absl::StrCat(config::ToString(config.where), ": upstream '",
                                            config.name,
                                            "': ", std::string(addresses.status().message())));
  }
  target->addresses = *std::move(addresses);
  return target;
}

bool SameAddresses(const upstream::Target& a, const upstream::Target& b) {
  return std::equal(a.addresses.begin(), a.addresses.end(), b.addresses.begin(), b.addresses.end(),
                    [](const auto& x, const auto& y) { return x.ToString() == y.ToString(); });
}

TargetPtr FindTarget(const Snapshot* snapshot, const std::string& name) {
  if (snapshot == nullptr) return nullptr;
  for (const ListenerSnapshot& listener : snapshot->listeners) {
    if (listener.target->config.name == name) return listener.target;
  }
  return nullptr;
}

absl::StatusOr<tls::ServerContextPtr> BuildTls(const config::Listener& config,
                                               const certs::ListenerMaterial& material,
                                               const base::Clock& clock) {
  tls::ServerContext::Options options;
  options.tls = config.tls;
  options.client_auth = config.client_auth.mode;
  options.clock = &clock;
  for (const certs::ServerCertificate& certificate : material.certificates) {
    options.credentials.push_back(
        {certificate.chain_der, certificate.key, certificate.names, certificate.san_uri});
  }
  if (material.trust != nullptr) {
    tls::ChainVerifier::Options verifier;
    verifier.max_depth = config.client_auth.max_depth;
    options.verifier = std::make_shared<const tls::ChainVerifier>(material.trust, verifier);
  }
  auto context = tls::ServerContext::Create(std::move(options));
  if (!context.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(config::ToString(config.where), ": listener '",
                                                   config.name,
                                                   "': ", std::string(context.status().message())));
  }
  return context;
}

}  // namespace

const ListenerSnapshot* Snapshot::Find(std::string_view name) const {
  for (const ListenerSnapshot& listener : listeners) {
    if (listener.config.name == name) return &listener;
  }
  return nullptr;
}

absl::StatusOr<SnapshotPtr> BuildSnapshot(const config::Config& config,
                                          certs::GenerationPtr generation, const Snapshot* previous,
                                          const base::Clock& clock) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->config = config;
  snapshot->generation = std::move(generation);
  for (const config::Listener& listener : config.listeners) {
    ListenerSnapshot& made = snapshot->listeners.emplace_back();
    made.config = listener;

    const certs::ListenerMaterial* material = snapshot->generation->Find(listener.name);
    if (material == nullptr) return absl::InternalError("a listener without certificates");
    absl::StatusOr<tls::ServerContextPtr> tls = BuildTls(listener, *material, clock);
    if (!tls.ok()) return tls.status();
    made.tls = *std::move(tls);

    const ListenerSnapshot* before = previous == nullptr ? nullptr : previous->Find(listener.name);
    made.counts = before != nullptr ? before->counts : std::make_shared<session::ListenerCounts>();

    for (const ListenerSnapshot& other : snapshot->listeners) {
      if (other.target != nullptr && other.config.upstream == listener.upstream) {
        made.target = other.target;
      }
    }
    if (made.target != nullptr) continue;
    auto upstream = std::find_if(config.upstreams.begin(), config.upstreams.end(),
                                 [&](const auto& u) { return u.name == listener.upstream; });
    if (upstream == config.upstreams.end()) {
      return absl::InternalError(absl::StrCat("no upstream is named ", listener.upstream));
    }
    absl::StatusOr<TargetPtr> target = ResolveTarget(*upstream);
    if (!target.ok()) return target.status();
    TargetPtr kept = FindTarget(previous, listener.upstream);
    const bool same =
        kept != nullptr && kept->config == (*target)->config && SameAddresses(*kept, **target);
    made.target = same ? kept : *std::move(target);
  }
  return snapshot;
}

}  // namespace mantlet::server
