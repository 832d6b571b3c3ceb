// ReloadPlanner reads the configuration and every file that it names, and decides which of them to
// use. The configuration is used as a whole or not at all; the files are used or rejected per
// listener, by the rules of certs/rotation.h. It changes nothing that is in use.
//
// Blocking; one thread at a time.

#ifndef MANTLET_PROXY_SERVER_RELOAD_PLANNER_H_
#define MANTLET_PROXY_SERVER_RELOAD_PLANNER_H_

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "certs/file_reader.h"
#include "certs/file_set.h"
#include "certs/generation.h"
#include "certs/generation_loader.h"
#include "certs/rotation.h"
#include "config/config.h"
#include "config/environment.h"
#include "config/loader/loader.h"
#include "proxy/base/clock.h"
#include "proxy/server/reload_schedule.h"

namespace mantlet::server {

struct ReloadPlan {
  config::Config config;  // to run from now on
  certs::Rotation rotation;
  // Why the configuration on disk is rejected; empty if `config` is the one on disk.
  std::string refused;
  // The configuration is rejected because of one of its files, which may be half written.
  bool refused_by_files = false;
  // The states of the files that were read.
  certs::Fingerprints fingerprints;

  // Returns everything on disk that is not used.
  std::vector<ReloadSchedule::Problem> Problems() const;
};

class ReloadPlanner {
 public:
  // Returns why a configuration cannot be used in this process, before any of its files is read.
  using Permits = std::function<absl::Status(const config::Config&)>;

  // All references must outlive the planner.
  ReloadPlanner(certs::FileReader& reader, const config::Environment& environment,
                const base::Clock& clock, Permits permits)
      : reader_(reader), environment_(environment), clock_(clock), permits_(std::move(permits)) {}

  // `polled` is the result of a poll that has just read the files, or null.
  ReloadPlan Plan(const config::Config& running, const certs::Generation& in_use,
                  const certs::Fingerprints* polled);
  // Changes `plan` so that `running` stays in use, because the configuration on disk is rejected
  // for `reason`.
  void Reject(const std::string& reason, const config::Config& running,
              const certs::Generation& in_use, ReloadPlan* plan);

  // Loads the configuration from `path`. Returns the state of that file.
  certs::Fingerprint ReadConfig(const std::string& path, config::LoadResult* loaded);

 private:
  struct Material {
    certs::BuildResult built;
    std::set<std::string> unstable;
  };

  Material Read(const config::Config& config, const certs::Generation& in_use,
                const certs::Fingerprints* polled, certs::Fingerprints* fingerprints);
  void KeepRunning(const config::Config& running, const config::Config* on_disk,
                   const certs::Generation& in_use, const certs::Fingerprints* polled,
                   ReloadPlan* plan);

  certs::FileReader& reader_;
  const config::Environment& environment_;
  const base::Clock& clock_;
  const Permits permits_;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_RELOAD_PLANNER_H_
