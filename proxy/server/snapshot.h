// One configuration with its certificates, made ready for the workers: immutable,
// shared by all threads, replaced whole by a reload.

#ifndef MANTLET_PROXY_SERVER_SNAPSHOT_H_
#define MANTLET_PROXY_SERVER_SNAPSHOT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
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
  upstream::TargetPtr target;  // as it was then; the workers' pools have the newest
  std::shared_ptr<session::Admission> admission;  // the same for all snapshots of one name
};

struct Snapshot {
  config::Config config;
  certs::GenerationPtr generation;
  std::vector<ListenerSnapshot> listeners;  // configuration order

  const ListenerSnapshot* Find(std::string_view name) const;
};

using SnapshotPtr = std::shared_ptr<const Snapshot>;

// What is known about an upstream's addresses; asks nobody.
using TargetSource = std::function<absl::StatusOr<upstream::TargetPtr>(const config::Upstream&)>;

// `previous` may be null; what has not changed is taken over from it, so that
// what is counted lives on. `at_fault`, if not null, gets the name of the listener whose
// TLS settings or certificates the library refuses.
absl::StatusOr<SnapshotPtr> BuildSnapshot(const config::Config& config,
                                          certs::GenerationPtr generation, const Snapshot* previous,
                                          const base::Clock& clock, const TargetSource& targets,
                                          std::string* at_fault = nullptr);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_SNAPSHOT_H_
