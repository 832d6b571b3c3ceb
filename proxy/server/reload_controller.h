// ReloadController applies changes of the files on disk. It watches the directories of the
// configuration and of every file that the configuration names, polls the files periodically, and
// has the files loaded when one has changed or a reload is requested.
//
// Main loop only. Everything that reads files runs on the loading thread, one poll or load at a
// time. A request that arrives meanwhile is served by the next load.

#ifndef MANTLET_PROXY_SERVER_RELOAD_CONTROLLER_H_
#define MANTLET_PROXY_SERVER_RELOAD_CONTROLLER_H_

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "certs/file_reader.h"
#include "certs/file_set.h"
#include "config/config.h"
#include "proxy/base/log.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/io/directory_watch.h"
#include "proxy/io/loop.h"
#include "proxy/server/background_thread.h"
#include "proxy/server/load_outcome.h"
#include "proxy/server/reload_schedule.h"
#include "proxy/server/watched_files.h"

namespace mantlet::server {

class ReloadController {
 public:
  // Loads the files; called once, on the loading thread. `polled` is the result of a poll that has
  // just read the files, or null. It counts as one of the two readings that must agree, so each
  // file is read only twice.
  using Load = absl::AnyInvocable<LoadOutcome(const certs::Fingerprints* polled) &&>;

  // All are called on the main loop.
  struct Actions {
    std::function<Load()> begin;                     // returns the next load
    std::function<void(const LoadOutcome&)> loaded;  // after every load
    // After every load, and after every poll that no load follows.
    std::function<void()> changed;
    // A poll or a load begins (true) or has ended (false).
    std::function<void(bool)> in_progress = [](bool) {};
  };

  // When a poll or a load has taken this long, it is logged, and requests are not held up any more.
  static constexpr int64_t kSlowMs = 10'000;

  // `files` are all files to watch. `fingerprints` is their state when the files in use were read,
  // or earlier. The references must outlive the controller; `reader` is used on the thread.
  ReloadController(io::Loop& loop, BackgroundThread& thread, certs::FileReader& reader,
                   base::Logger& logger, const config::Reload& settings,
                   std::vector<std::string> files, certs::Fingerprints fingerprints,
                   Actions actions, int64_t slow_ms = kSlowMs);
  ReloadController(const ReloadController&) = delete;

  // Loads the files as soon as possible. Calls `done` once when a load that began after this call
  // has ended, with the problems as text, which is empty if there are none. If `by_signal` is true,
  // all problems are logged again. While a poll or a load in progress is slow, `done` is called at
  // once with a sentence about that; the load follows nevertheless.
  using Done = std::function<void(const std::string& problems)>;
  void Request(Done done, bool by_signal = false);

  // Applies the settings of a new configuration. May be called during a load.
  void Configure(const config::Reload& settings);

  // Ends the work on the thread: nothing is loaded any more. Answers every request, also later
  // ones, with `reason`.
  void Stop(const std::string& reason);

  const ReloadSchedule& state() const { return schedule_; }

 private:
  static ReloadSchedule::Options OptionsOf(const config::Reload& settings);
  void OnFileEvent();
  void Step(std::optional<certs::Fingerprints> polled = std::nullopt);
  void StartPoll();
  void OnPolled(bool changed, certs::Fingerprints polled);
  void StartLoad(std::optional<certs::Fingerprints> polled);
  void OnLoaded(const LoadOutcome& outcome, bool directories_changed);
  void Log(const LoadOutcome& outcome);
  void Report(const ReloadSchedule::Report& report);
  bool Rewatch();
  bool SetWatched(std::set<std::string> directories);
  void Watch(std::set<std::string> directories);
  void Rearm();
  void SetInProgress(bool in_progress);
  void OnSlow();
  std::string SlowText() const;
  void LogSlow() const;

  io::Loop& loop_;
  BackgroundThread& thread_;
  certs::FileReader& reader_;  // on this thread, for path_in_progress() only
  base::Logger& logger_;
  config::Reload settings_;
  const Actions actions_;
  WatchedFiles files_;             // used by the loading thread only
  std::set<std::string> watched_;  // the directories to watch
  ReloadSchedule schedule_;
  std::vector<Done> waiting_;    // for the next load
  std::vector<Done> answering_;  // for the load in progress
  std::optional<std::string> stopped_;
  std::unique_ptr<io::DirectoryWatch> watch_;
  base::FunctionTimer timer_;
  const int64_t slow_ms_;
  int64_t begun_ms_ = 0;  // of the poll or the load in progress
  bool slow_ = false;     // it has taken longer than slow_ms_
  base::FunctionTimer slow_timer_;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_RELOAD_CONTROLLER_H_
