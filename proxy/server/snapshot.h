// Snapshot is one configuration with its certificates, ready for the workers. It is immutable and
// shared by all threads; a reload replaces it as a whole.

#ifndef MANTLET_PROXY_SERVER_SNAPSHOT_H_
#define MANTLET_PROXY_SERVER_SNAPSHOT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
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
  config::Listener config;  // without policy.rules
  tls::ServerContextPtr tls;
  std::shared_ptr<const policy::Policy> policy;
  // Incremented by every change of the policy.
  uint64_t policy_version = 0;
  // At the time of activation; the workers' pools have the newest.
  upstream::TargetPtr target;
  std::shared_ptr<session::Admission> admission;  // shared by all snapshots of one listener name
};

struct Snapshot {
  config::Config config;
  certs::GenerationPtr generation;
  std::vector<ListenerSnapshot> listeners;  // configuration order

  const ListenerSnapshot* Find(std::string_view name) const;
};

using SnapshotPtr = std::shared_ptr<const Snapshot>;

// Builds the snapshot of `config` and `generation`, without targets. Unchanged contexts, policies
// and admission counts are shared with `previous`, which may be null. After an error, *at_fault is
// set to the name of the listener whose TLS settings or certificates the TLS library rejects;
// `at_fault` may be null. Takes long for many certificates; any thread.
absl::StatusOr<std::shared_ptr<Snapshot>> BuildSnapshot(const config::Config& config,
                                                        certs::GenerationPtr generation,
                                                        const Snapshot* previous,
                                                        const base::Clock& clock,
                                                        std::string* at_fault = nullptr);

// Returns the target of an upstream with the known addresses; starts no lookup.
using TargetSource = std::function<absl::StatusOr<upstream::TargetPtr>(const config::Upstream&)>;

// Sets the targets of a snapshot that is not shared yet.
absl::Status SetTargets(const TargetSource& targets, Snapshot* snapshot);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_SNAPSHOT_H_
