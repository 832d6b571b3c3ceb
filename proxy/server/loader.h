// Loader turns the configuration and the files that it names into snapshots: once when the process
// starts, and again for every reload. It decides what of a reload is used (reload_planner.h),
// builds the TLS contexts and has new listening sockets opened through a SocketBinder. It changes
// nothing that is in use: the caller activates the snapshot it returns.
//
// Main thread only; reads files. Opens no socket itself, so that tests need none.

#ifndef MANTLET_PROXY_SERVER_LOADER_H_
#define MANTLET_PROXY_SERVER_LOADER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "certs/file_reader.h"
#include "certs/file_set.h"
#include "config/config.h"
#include "config/environment.h"
#include "proxy/base/clock.h"
#include "proxy/server/load_outcome.h"
#include "proxy/server/reload_planner.h"
#include "proxy/server/snapshot.h"

namespace mantlet::server {

// SocketBinder opens the listening sockets of a snapshot before it is activated.
class SocketBinder {
 public:
  virtual ~SocketBinder() = default;
  // Opens every socket that `next` needs and `running` (null: nothing runs) does not have. An error
  // refuses the configuration of `next`.
  virtual absl::Status Bind(const Snapshot& next, const Snapshot* running) = 0;
  // Closes what Bind has opened since `running` was activated.
  virtual void Discard(const Snapshot& running) = 0;
};

class Loader {
 public:
  // Everything outlives the loader. `targets` resolves the upstreams of a configuration.
  Loader(certs::FileReader& reader, const config::Environment& environment,
         const base::Clock& clock, TargetSource targets);

  // Result of the first load: the snapshot to start with, and the files as they were read.
  struct Initial {
    SnapshotPtr snapshot;
    certs::FileStates seen;
  };
  // Loads the files that `config` names. `config` was read from its file before; if that file has
  // changed since, its entry in `seen` is blank, so that the next poll finds the change.
  // InvalidArgument: the configuration or one of its files is wrong.
  absl::StatusOr<Initial> LoadInitial(const config::Config& config);

  // Result of a reload: `next` is to be activated; null if `running` stays as it is.
  struct Reloaded {
    SnapshotPtr next;
    LoadOutcome outcome;
  };
  // Loads again what is on disk. `polled`: what a poll of the files has just read, or null.
  // The sockets of `next` are open in `binder` when it returns.
  Reloaded Reload(const Snapshot& running, const certs::FileStates* polled, SocketBinder& binder);

 private:
  absl::StatusOr<SnapshotPtr> Build(const config::Config& config, certs::GenerationPtr generation,
                                    const Snapshot* running, std::string* at_fault) const;
  SnapshotPtr Realize(const Snapshot& running, SocketBinder& binder, ReloadPlan* plan);
  bool Revise(const Snapshot& running, const std::string& reason, const std::string& at_fault,
              SocketBinder& binder, ReloadPlan* plan);

  certs::FileReader& reader_;
  const base::Clock& clock_;
  const TargetSource targets_;
  ReloadPlanner planner_;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_LOADER_H_
