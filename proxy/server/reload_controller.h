// ReloadController applies changes of the files on disk. It watches the directories of the
// configuration and of every file that the configuration names, polls the files periodically, and
// calls the owner's `load` when a file has changed or a reload is requested.
//
// Main loop only; it reads files there.

#ifndef MANTLET_PROXY_SERVER_RELOAD_CONTROLLER_H_
#define MANTLET_PROXY_SERVER_RELOAD_CONTROLLER_H_

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "certs/file_reader.h"
#include "certs/file_set.h"
#include "config/config.h"
#include "proxy/base/log.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/io/directory_watch.h"
#include "proxy/io/loop.h"
#include "proxy/server/load_outcome.h"
#include "proxy/server/reload_schedule.h"

namespace mantlet::server {

class ReloadController {
 public:
  // `polled` is the result of a poll that has just read the files, or null. It counts as one of the
  // two readings that must agree, so each file is read only twice.
  using Load = std::function<LoadOutcome(const certs::Fingerprints* polled)>;

  // `files` are all files to watch. `fingerprints` is their state when the files in use were read,
  // or earlier. `on_outcome` is called after every poll and every load.
  ReloadController(io::Loop& loop, base::Logger& logger, const config::Reload& settings,
                   std::vector<std::string> files, certs::Fingerprints fingerprints, Load load,
                   std::function<void()> on_outcome);

  // Loads now, on the caller's stack. Returns the problems as text, empty if there are none. If
  // `by_signal` is true, all problems are logged again.
  std::string LoadNow(bool by_signal = false);

  // Applies the settings of a new configuration and watches its `files`.
  void Configure(const config::Reload& settings, std::vector<std::string> files);

  const ReloadSchedule& state() const { return schedule_; }

 private:
  static ReloadSchedule::Options OptionsOf(const config::Reload& settings);
  void OnFileEvent();
  void Step();
  void DoLoad(const certs::Fingerprints* polled);
  void Report(const ReloadSchedule::Report& report);
  void StoreFingerprints(certs::Fingerprints read, const certs::Fingerprints* polled);
  bool Rewatch();
  void Watch(std::set<std::string> directories);
  void Rearm();

  io::Loop& loop_;
  base::Logger& logger_;
  config::Reload settings_;
  Load load_;
  std::function<void()> on_outcome_;
  certs::DiskFileReader reader_;
  std::vector<std::string> configured_;  // the files of the configuration that is in use
  certs::FileSet files_;                 // those, and the files of a rejected configuration
  std::set<std::string> watched_;        // the directories to watch
  certs::Fingerprints fingerprints_;     // the states that the last load read
  ReloadSchedule schedule_;
  std::unique_ptr<io::DirectoryWatch> watch_;
  base::FunctionTimer timer_;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_RELOAD_CONTROLLER_H_
