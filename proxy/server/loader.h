// Loader turns the configuration and the files that it names into snapshots, at the start of the
// process and for every reload. It decides which files of a reload are used (reload_planner.h),
// builds the TLS contexts, and has an Activator put the result into use. It changes nothing that is
// in use, and opens no socket itself, so tests need none.
//
// Blocking; one thread at a time: the main thread at the start, the loading thread afterwards.

#ifndef MANTLET_PROXY_SERVER_LOADER_H_
#define MANTLET_PROXY_SERVER_LOADER_H_

#include <memory>
#include <string>
#include <vector>

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

// Activator puts a snapshot into use. Its methods return when the main loop has done its part.
class Activator {
 public:
  virtual ~Activator() = default;
  // Sets the targets of `next`, opens the sockets that it needs and the running snapshot does not
  // have, and puts it into use. After an error nothing is in use, and the configuration of `next`
  // is rejected; sockets that were opened stay open until Discard(). Cancelled: the process ends.
  virtual absl::Status Activate(std::shared_ptr<Snapshot> next) = 0;
  // Closes the sockets that were opened for snapshots that were not put into use.
  virtual void Discard() = 0;
};

class Loader {
 public:
  // All references must outlive the loader. `permits` returns why a reload cannot use a
  // configuration in this process.
  Loader(certs::FileReader& reader, const config::Environment& environment,
         const base::Clock& clock, ReloadPlanner::Permits permits);

  // Result of the first load: the snapshot to start with, without targets, and the states of the
  // files read.
  struct Initial {
    std::shared_ptr<Snapshot> snapshot;
    certs::Fingerprints fingerprints;
  };
  // Loads the files that `config` names. If the file of `config` has changed since it was read, its
  // entry in `fingerprints` is blank, so that the next poll finds the change. Returns
  // InvalidArgument if the configuration or one of its files is invalid.
  absl::StatusOr<Initial> LoadInitial(const config::Config& config);

  // Loads the files on disk again, and has what is new activated. `polled` is the result of a poll
  // that has just read the files, or null.
  LoadOutcome Reload(const Snapshot& running, const certs::Fingerprints* polled,
                     Activator& activator);

  // Returns all files that a load of `config` reads.
  static std::vector<std::string> FilesOf(const config::Config& config);

 private:
  absl::StatusOr<SnapshotPtr> BuildAndActivate(const Snapshot& running, const ReloadPlan& plan,
                                               Activator& activator, std::string* at_fault);
  SnapshotPtr Realize(const Snapshot& running, Activator& activator, ReloadPlan* plan);
  bool Revise(const Snapshot& running, const std::string& reason, const std::string& at_fault,
              Activator& activator, ReloadPlan* plan);

  certs::FileReader& reader_;
  const base::Clock& clock_;
  ReloadPlanner planner_;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_LOADER_H_
