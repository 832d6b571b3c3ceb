// LoadOutcome is the result of one load of the files on disk. The reload controller logs it and
// schedules the next load by it.

#ifndef MANTLET_PROXY_SERVER_LOAD_OUTCOME_H_
#define MANTLET_PROXY_SERVER_LOAD_OUTCOME_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "certs/file_set.h"
#include "proxy/server/reload_schedule.h"

namespace mantlet::server {

struct LoadOutcome {
  using Problems = std::vector<ReloadSchedule::Problem>;

  // The configuration is rejected for one permanent reason; no file was read.
  static LoadOutcome Failed(std::string reason) {
    return NotSwapped({{"", std::move(reason), false}}, {});
  }
  // Nothing was swapped, because of `problems` or because the files on disk are in use already.
  static LoadOutcome NotSwapped(Problems problems, certs::Fingerprints fingerprints) {
    LoadOutcome outcome;
    outcome.problems = std::move(problems);
    outcome.fingerprints = std::move(fingerprints);
    return outcome;
  }
  static LoadOutcome Unchanged() { return NotSwapped({}, {}); }
  // The files on disk are used from now on, except those of `problems`.
  static LoadOutcome Swapped(Problems problems = {}, certs::Fingerprints fingerprints = {}) {
    LoadOutcome outcome;
    outcome.swapped = true;
    outcome.problems = std::move(problems);
    outcome.fingerprints = std::move(fingerprints);
    return outcome;
  }

  bool swapped = false;              // false without problems: the files were in use already
  Problems problems;                 // files on disk that are not used
  std::vector<std::string> changes;  // if swapped: for the log
  std::string detail;                // if swapped: a description of what is in use now
  // The files of the configuration in use from now on; nullopt if they are the same as before.
  std::optional<std::vector<std::string>> files;
  // The states of the files that the load has read. A later difference from them is a change.
  certs::Fingerprints fingerprints;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_LOAD_OUTCOME_H_
