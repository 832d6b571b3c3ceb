// LoadOutcome is what one load of the files on disk came to, as the reload controller logs and
// schedules by it.

#ifndef MANTLET_PROXY_SERVER_LOAD_OUTCOME_H_
#define MANTLET_PROXY_SERVER_LOAD_OUTCOME_H_

#include <string>
#include <utility>
#include <vector>

#include "certs/file_set.h"
#include "proxy/server/reload_schedule.h"

namespace mantlet::server {

struct LoadOutcome {
  using Problems = std::vector<ReloadSchedule::Problem>;

  // The configuration is refused for one reason, which does not pass by itself; no file was read.
  static LoadOutcome Failed(std::string reason) {
    return NotSwapped({{"", std::move(reason), false}}, {});
  }
  // Nothing is swapped: because of `problems`, or because what is on disk is in use already.
  static LoadOutcome NotSwapped(Problems problems, certs::FileStates seen) {
    LoadOutcome outcome;
    outcome.problems = std::move(problems);
    outcome.seen = std::move(seen);
    return outcome;
  }
  static LoadOutcome Unchanged() { return NotSwapped({}, {}); }
  // All that is on disk is used from now on, but for `problems`.
  static LoadOutcome Swapped(Problems problems = {}, certs::FileStates seen = {}) {
    LoadOutcome outcome;
    outcome.swapped = true;
    outcome.problems = std::move(problems);
    outcome.seen = std::move(seen);
    return outcome;
  }

  bool swapped = false;              // false without problems: it is in use already
  Problems problems;                 // what on disk is not used
  std::vector<std::string> changes;  // if swapped: for the log
  std::string detail;                // if swapped: what is in use now
  // The files as the load has read them, as far as it came: what differs from this later is a
  // change.
  certs::FileStates seen;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_LOAD_OUTCOME_H_
