#include "proxy/server/snapshot.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "config/diagnostic.h"
#include "proxy/session/protocol_table.h"

namespace mantlet::server {
namespace {

verify::ClientVerifierPtr BuildVerifier(const config::ClientAuth& config,
                                        const certs::ListenerMaterial& material) {
  verify::ChainVerifier::Options chain;
  chain.max_depth = config.max_depth;
  chain.partial_chain = config.partial_chain;
  chain.any_extended_key_usage = config.any_extended_key_usage;
  chain.ca_pins = config.ca_pins;
  chain.server_auth_clients = config.server_auth_clients;
  chain.revocation = material.revocation;
  verify::ClientVerifier::Options options;
  options.spki_pins = config.spki_pins;
  if (material.trust != nullptr) {
    options.by_trust_bundle = std::make_shared<const verify::ChainVerifier>(material.trust, chain);
  }
  if (config.spiffe.enabled()) {
    // An authority need not be self-signed (X509-SVID, 6.1).
    chain.partial_chain = true;
    options.spiffe.emplace();
    for (const certs::SpiffeDomain& domain : material.spiffe) {
      options.spiffe->emplace(
          domain.name, domain.trust == nullptr
                           ? nullptr
                           : std::make_shared<const verify::ChainVerifier>(domain.trust, chain));
    }
  }
  return std::make_shared<const verify::ClientVerifier>(std::move(options));
}

// Returns `previous`, the listener's current context (may be null), if it is equivalent, so that
// its session tickets stay valid. Returns a new context otherwise.
absl::StatusOr<tls::ServerContextPtr> BuildTls(const config::Listener& config,
                                               const certs::ListenerMaterial& material,
                                               uint64_t policy_version,
                                               const tls::ServerContextPtr& previous,
                                               const base::Clock& clock) {
  tls::ServerContext::Options options;
  options.listener = config.name;
  options.policy_id = absl::StrCat(policy_version);
  options.tls = config.tls;
  options.protocols = session::HttpProtocols(config.protocols)->names();
  options.client_auth = config.client_auth.mode;
  options.clock = &clock;
  for (const certs::ServerCertificate& certificate : material.certificates) {
    options.credentials.push_back({certificate.chain_der, certificate.key, certificate.names,
                                   certificate.san_uri, certificate.leaf->san().ip});
    if (const certs::StapledResponse* ocsp = certificate.ocsp.get()) {
      tls::ServerCredential& credential = options.credentials.back();
      credential.ocsp_response = ocsp->der;
      credential.ocsp_from = ocsp->this_update - certs::StapledResponse::kClockSkewSeconds;
      credential.ocsp_until =
          ocsp->next_update == 0 ? std::numeric_limits<int64_t>::max() : ocsp->next_update;
    }
  }
  if (config.client_auth.mode != config::ClientAuthMode::kNone) {
    options.verifier = BuildVerifier(config.client_auth, material);
  }
  if (previous != nullptr && previous->IsEquivalent(options)) return previous;
  auto context = tls::ServerContext::Create(std::move(options));
  if (!context.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(config::ToString(config.where), ": listener '",
                                                   config.name,
                                                   "': ", std::string(context.status().message())));
  }
  return context;
}

// Returns the same object for the same rules, so that connections can see that nothing has changed.
std::shared_ptr<const policy::Policy> BuildPolicy(const config::Listener& listener,
                                                  const Snapshot* previous,
                                                  const ListenerSnapshot* before) {
  if (before != nullptr) {
    for (const config::Listener& old : previous->config.listeners) {
      if (old.name == listener.name && old.policy == listener.policy) return before->policy;
    }
  }
  return std::make_shared<const policy::Policy>(listener.policy);
}

}  // namespace

const ListenerSnapshot* Snapshot::Find(std::string_view name) const {
  for (const ListenerSnapshot& listener : listeners) {
    if (listener.config.name == name) return &listener;
  }
  return nullptr;
}

absl::StatusOr<std::shared_ptr<Snapshot>> BuildSnapshot(const config::Config& config,
                                                        certs::GenerationPtr generation,
                                                        const Snapshot* previous,
                                                        const base::Clock& clock,
                                                        std::string* at_fault) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->config = config;
  snapshot->generation = std::move(generation);
  for (const config::Listener& listener : config.listeners) {
    ListenerSnapshot& entry = snapshot->listeners.emplace_back();
    entry.config = listener;

    const certs::ListenerMaterial* material = snapshot->generation->Find(listener.name);
    if (material == nullptr) return absl::InternalError("a listener without certificates");
    const ListenerSnapshot* before = previous == nullptr ? nullptr : previous->Find(listener.name);
    entry.policy = BuildPolicy(listener, previous, before);
    if (before != nullptr) {
      entry.policy_version = before->policy_version + (entry.policy == before->policy ? 0 : 1);
    }
    absl::StatusOr<tls::ServerContextPtr> tls =
        BuildTls(listener, *material, entry.policy_version,
                 before == nullptr ? nullptr : before->tls, clock);
    if (!tls.ok()) {
      if (at_fault != nullptr) *at_fault = listener.name;
      return tls.status();
    }
    entry.tls = *std::move(tls);

    entry.admission =
        before != nullptr ? before->admission : std::make_shared<session::Admission>();

    // The workers copy this configuration; the rules are in `policy`.
    entry.config.policy.rules.clear();
  }
  return snapshot;
}

absl::Status SetTargets(const TargetSource& targets, Snapshot* snapshot) {
  std::map<std::string, upstream::TargetPtr> known;  // by the upstream's name
  for (ListenerSnapshot& listener : snapshot->listeners) {
    upstream::TargetPtr& target = known[listener.config.upstream];
    if (target == nullptr) {
      const auto& upstreams = snapshot->config.upstreams;
      auto found = std::find_if(upstreams.begin(), upstreams.end(), [&](const auto& upstream) {
        return upstream.name == listener.config.upstream;
      });
      if (found == upstreams.end()) {
        return absl::InternalError(absl::StrCat("no upstream is named ", listener.config.upstream));
      }
      absl::StatusOr<upstream::TargetPtr> made = targets(*found);
      if (!made.ok()) return made.status();
      target = *std::move(made);
    }
    listener.target = target;
  }
  return absl::OkStatus();
}

}  // namespace mantlet::server
