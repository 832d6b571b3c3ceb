// ReloadSchedule decides when files are polled, when they are loaded, and which problems are
// logged. It is a pure state machine: events and the time go in, the next action comes out. The
// reload controller owns one on the main loop, does the I/O and arms one timer with NextWakeup().
//
//   event or timer -> Next() == kPoll -> the caller compares file states -> OnPolled()
//                               kLoad -> the caller loads and swaps      -> OnLoaded()
//
// A poll or a load takes time. Until it has ended, Next() returns kNothing; what becomes due
// meanwhile is due afterwards.
//
// Times are milliseconds of a monotonic clock; only differences matter.

#ifndef MANTLET_PROXY_SERVER_RELOAD_SCHEDULE_H_
#define MANTLET_PROXY_SERVER_RELOAD_SCHEDULE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mantlet::server {

class ReloadSchedule {
 public:
  struct Options {
    int64_t interval_ms = 30'000;   // between periodic polls; 0 disables them
    int64_t settle_ms = 100;        // after a file event, wait this long for more of them
    int64_t settle_max_ms = 1'000;  // but not longer than this after the first
    int64_t retry_first_ms = 500;   // after a failed load; doubled each time …
    int64_t retry_max_ms = 30'000;  // … up to this
    // A temporary problem becomes a warning when it has lasted for warn_after_ms, and an error
    // after error_after_ms.
    int64_t warn_after_ms = 3'000;
    int64_t error_after_ms = 15'000;
  };

  enum class Action { kNothing, kPoll, kLoad };

  // Something on disk that is not used.
  struct Problem {
    std::string listener;   // the listener of the files; empty for the configuration
    std::string reason;     // a sentence
    bool may_pass = false;  // temporary, as with half-written files
    bool operator==(const Problem&) const = default;
  };
  enum class Level { kInfo, kWarning, kError };
  struct Report {
    Level level = Level::kError;
    Problem problem;
  };

  // `now_ms` is the time at which the first generation was loaded.
  ReloadSchedule(const Options& options, int64_t now_ms);

  // An event in a watched directory: a poll follows when no further event has come for `settle_ms`.
  void OnFileEvent(int64_t now_ms);
  // SIGHUP or POST /reload: a load begins after this call even if no file has changed. If
  // `by_signal` is true, all problems are reported again, because the log is the only response to a
  // signal.
  void OnRequested(int64_t now_ms, bool by_signal = false);

  // Returns the action that is due. kPoll and kLoad are returned once; OnPolled or OnLoaded
  // follows.
  Action Next(int64_t now_ms);
  void OnPolled(bool changed, int64_t now_ms);
  // `problems` are those of the load. Returns those to log: a problem that is new or has another
  // reason, one that has lasted long enough for a higher level, and all of them after a signal.
  std::vector<Report> OnLoaded(const std::vector<Problem>& problems, int64_t now_ms);

  // Returns when to call Next again; nullopt if not before the next event, or not before the poll
  // or load in progress has ended.
  std::optional<int64_t> NextWakeup() const;

  // Returns whether the files on disk differ from those in use (mantlet_reload_pending).
  bool pending() const { return pending_; }
  // The problems of the last load.
  const std::vector<Problem>& problems() const { return problems_; }
  // The problems as one text; empty if there are none.
  std::string last_error() const;

  // The configuration was reloaded with a new `reload.interval`.
  void SetInterval(int64_t interval_ms, int64_t now_ms);

 private:
  // The last report about the problem of one listener.
  struct Reported {
    int64_t since_ms = 0;  // time of the first load that found it
    Level level = Level::kInfo;
    std::string reason;
  };

  void SchedulePeriodicPoll(int64_t now_ms);
  Level LevelOf(const Problem& problem, int64_t since_ms, int64_t now_ms) const;
  std::vector<Report> NewReports(bool by_signal, int64_t now_ms);

  Options options_;
  bool pending_ = false;
  bool in_progress_ = false;            // a poll or a load
  bool by_signal_ = false;              // a signal requested the load that is due
  bool in_progress_by_signal_ = false;  // a signal requested the load in progress
  std::vector<Problem> problems_;
  std::map<std::string, Reported> reported_;  // by listener
  int64_t retry_ms_ = 0;  // the current wait between retries; 0 if the last load did not fail
  std::optional<int64_t> load_at_;       // a load is due: requested, or the files have changed
  std::optional<int64_t> retry_at_;      // set after a failed load
  std::optional<int64_t> settle_first_;  // first event of the current burst
  std::optional<int64_t> settle_at_;
  std::optional<int64_t> periodic_poll_at_;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_RELOAD_SCHEDULE_H_
