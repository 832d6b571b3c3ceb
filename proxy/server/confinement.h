// Confinement takes from this process what it no longer needs when its sockets are open: the rights
// of root, the files and ports that the configuration does not name, and the system calls that it
// never makes. What is missing on this machine is logged, and is no error.
//
// Main thread only, except Permits(), and before any other thread starts: a thread inherits the
// confinement of the one that creates it.

#ifndef MANTLET_PROXY_SERVER_CONFINEMENT_H_
#define MANTLET_PROXY_SERVER_CONFINEMENT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "config/config.h"
#include "config/environment.h"
#include "proxy/base/log.h"
#include "proxy/sandbox/landlock.h"
#include "proxy/sandbox/mechanism.h"

namespace mantlet::server {

// What /config and the metrics show.
struct ConfinementReport {
  uint32_t uid = 0;
  bool dumpable = true;
  bool no_new_privileges = false;
  sandbox::Mechanism landlock;
  sandbox::Mechanism seccomp;
  std::optional<sandbox::Ruleset> rules;  // if landlock is on
};

class Confinement {
 public:
  explicit Confinement(base::Logger& logger) : logger_(logger) {}

  // Becomes the user of `config`, and gives it the files of its Unix sockets. Returns
  // InvalidArgument if there is no such user or it may not read a file that a reload reads. Logs a
  // warning if the process stays root.
  absl::Status BecomeUser(const config::Config& config);

  // Applies the mechanisms that `config` does not switch off, and logs the result.
  void Enter(const config::Config& config, const config::Environment& environment);

  // Returns an error that begins with "restart needed" if `next` needs what Enter has taken away.
  // Follows links on the disk: blocking. Any thread, after Enter().
  absl::Status Permits(const config::Config& next) const;

  const ConfinementReport& report() const { return report_; }

 private:
  void EnterLandlock(const config::Config& config, const config::Environment& environment);
  void LogReport();

  base::Logger& logger_;
  ConfinementReport report_;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_CONFINEMENT_H_
