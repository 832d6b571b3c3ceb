// One configuration with its certificates, made ready for the workers: immutable,
// shared by all threads, replaced whole by a reload.

#ifndef MANTLET_PROXY_SERVER_SNAPSHOT_H_
#define MANTLET_PROXY_SERVER_SNAPSHOT_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "certs/generation.h"
#include "config/config.h"
#include "proxy/base/clock.h"
#include "proxy/policy/policy.h"
#include "proxy/session/listener_state.h"
#include "proxy/tls/server_context.h"
#include "proxy/upstream/target.h"

namespace mantlet::server {

struct ListenerSnapshot {
  config::Listener config;  // but for policy.rules
  tls::ServerContextPtr tls;
  std::shared_ptr<const policy::Policy> policy;
  // Grows with every change of the policy.
  uint64_t policy_edition = 0;
  std::shared_ptr<const upstream::Target> target;
  std::shared_ptr<session::Admission> admission;  // the same for all snapshots of one name
};

struct Snapshot {
  config::Config config;
  certs::GenerationPtr generation;
  std::vector<ListenerSnapshot> listeners;  // configuration order

  const ListenerSnapshot* Find(std::string_view name) const;
};

using SnapshotPtr = std::shared_ptr<const Snapshot>;

// `previous` may be null; what has not changed is taken over from it, so that
// upstream pools and what is counted live on. Resolves upstream names (may block).
absl::StatusOr<SnapshotPtr> BuildSnapshot(const config::Config& config,
                                          certs::GenerationPtr generation, const Snapshot* previous,
                                          const base::Clock& clock);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_SNAPSHOT_H_
