// Loader turns the configuration and the files that it names into snapshots, at the start of the
// process and for every reload. It decides which files of a reload are used (reload_planner.h),
// builds the TLS contexts, and has a SocketBinder open new listening sockets. It changes nothing
// that is in use; the caller activates the snapshot it returns.
//
// Main thread only; it reads files. It opens no socket itself, so tests need none.

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
  // Opens every socket that `next` needs and `running` does not have. `running` is null if nothing
  // runs yet. An error rejects the configuration of `next`.
  virtual absl::Status Bind(const Snapshot& next, const Snapshot* running) = 0;
  // Closes the sockets that Bind has opened since `running` was activated.
  virtual void Discard(const Snapshot& running) = 0;
};

class Loader {
 public:
  // All references must outlive the loader. `targets` resolves the upstreams of a configuration.
  // `permits` returns why a reload cannot use a configuration in this process.
  Loader(certs::FileReader& reader, const config::Environment& environment,
         const base::Clock& clock, TargetSource targets, ReloadPlanner::Permits permits);

  // Result of the first load: the snapshot to start with, and the states of the files read.
  struct Initial {
    SnapshotPtr snapshot;
    certs::Fingerprints fingerprints;
  };
  // Loads the files that `config` names. If the file of `config` has changed since it was read, its
  // entry in `fingerprints` is blank, so that the next poll finds the change. Returns
  // InvalidArgument if the configuration or one of its files is invalid.
  absl::StatusOr<Initial> LoadInitial(const config::Config& config);

  // Result of a reload: the snapshot to activate, or null if `running` stays in use.
  struct Reloaded {
    SnapshotPtr next;
    LoadOutcome outcome;
  };
  // Loads the files on disk again. `polled` is the result of a poll that has just read the files,
  // or null. When it returns, the sockets of `next` are open in `binder`.
  Reloaded Reload(const Snapshot& running, const certs::Fingerprints* polled, SocketBinder& binder);

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
