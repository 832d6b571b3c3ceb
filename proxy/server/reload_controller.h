// Keeps what is served equal to what is on disk: watches the directories of every
// file that counts (the configuration itself, certificates, keys, trust bundles),
// looks at them every now and then, and loads when something has changed or
// somebody asks. What a load does is the owner's business.
//
// Main loop only; reads files there.

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
  // `looked`: what the controller has read a moment ago, or null. Counts as one of
  // the readings that must agree, so that each file is read twice and not more.
  using Load = std::function<LoadOutcome(const certs::FileStates* looked)>;

  // `files`: everything to watch. `seen`: their state when, or before, what is
  // served now was read.
  ReloadController(io::Loop& loop, base::Logger& logger, const config::Reload& settings,
                   std::vector<std::string> files, certs::FileStates seen, Load load,
                   std::function<void()> on_outcome);

  // Loads now, on the caller's stack. Returns what is wrong, or an empty string. `by_signal`:
  // nobody reads that, so that the log says it again.
  std::string LoadNow(bool by_signal = false);

  // The configuration changed: other files, another interval.
  void Configure(const config::Reload& settings, std::vector<std::string> files);

  const ReloadSchedule& state() const { return schedule_; }

 private:
  static ReloadSchedule::Options OptionsOf(const config::Reload& settings);
  void OnFilesEvent();
  void Step();
  void DoLoad(const certs::FileStates* looked);
  void Report(const ReloadSchedule::Report& report);
  void Remember(certs::FileStates read, const certs::FileStates* looked);
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
  certs::FileSet files_;                 // those, and what a refused one would have needed
  std::set<std::string> watched_;        // directories, as last asked for
  certs::FileStates seen_;               // what the last load saw
  ReloadSchedule schedule_;
  std::unique_ptr<io::DirectoryWatch> watch_;
  base::FunctionTimer timer_;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_RELOAD_CONTROLLER_H_
