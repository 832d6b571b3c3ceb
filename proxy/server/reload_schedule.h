// ReloadSchedule: when to look at the files, when to load them, what to say about it.
// A pure state machine: it is told of events and of the time, and answers what
// to do next. proxy/server owns one on the main loop, does the I/O that it asks
// for and arms one timer with NextWakeup().
//
//   event or tick -> Next() == kLook -> caller compares file states -> Looked()
//                            kLoad -> caller loads and swaps      -> Loaded()
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
    int64_t interval_ms = 30'000;   // the slow look; 0 = none
    int64_t settle_ms = 100;        // after a file event, wait this long for more of them
    int64_t settle_max_ms = 1'000;  // but not longer than this after the first
    int64_t retry_first_ms = 500;   // after a failed load; doubled each time …
    int64_t retry_max_ms = 30'000;  // … up to this
    // What may pass by itself is a warning once it has lasted this long, and an error
    // after that.
    int64_t warn_after_ms = 3'000;
    int64_t error_after_ms = 15'000;
  };

  enum class Action { kNothing, kLook, kLoad };
  enum class Outcome {
    kSwapped,    // loaded, differs from what is served, swapped in
    kUnchanged,  // loaded, and it is what is served already
    kFailed,     // refused; everything stays as it was
  };

  // Something on disk that is not taken up.
  struct Problem {
    std::string listener;   // whose files they are; empty: the configuration's
    std::string reason;     // a sentence
    bool may_pass = false;  // as half-written files do
    bool operator==(const Problem&) const = default;
  };
  enum class Level { kInfo, kWarning, kError };
  struct Report {
    Level level = Level::kError;
    Problem problem;
  };

  struct Counters {
    uint64_t success = 0;    // kSwapped
    uint64_t unchanged = 0;  // kUnchanged
    uint64_t failure = 0;    // with problems, whatever else
  };

  // `now_ms`: the moment at which the first generation was loaded.
  ReloadSchedule(const Options& options, int64_t now_ms);

  // Something happened in a watched directory.
  void FilesEvent(int64_t now_ms);
  // SIGHUP or POST /reload: load at the next occasion, changed or not. `by_signal`: who
  // asked gets no answer but the log, so that problems are reported again.
  void Requested(int64_t now_ms, bool by_signal = false);

  // What to do now. kLook and kLoad are handed out once; answer with Looked or Loaded.
  Action Next(int64_t now_ms);
  void Looked(bool changed, int64_t now_ms);
  // `problems`: what was not taken up; at least one if `outcome` is kFailed. Returns
  // what to log: each problem when it is new or says something else, when it has lasted
  // long enough to be worse, and when a signal has asked.
  std::vector<Report> Loaded(Outcome outcome, const std::vector<Problem>& problems, int64_t now_ms);

  // When to call Next again; nothing: not before the next event.
  std::optional<int64_t> NextWakeup() const;

  // The files on disk are not what is served: mantlet_reload_pending.
  bool pending() const { return pending_; }
  // What the last load did not take up.
  const std::vector<Problem>& problems() const { return problems_; }
  // The same as one text; empty if there is nothing.
  std::string last_error() const;
  const Counters& counters() const { return counters_; }

  // The configuration was reloaded with a new `reload.interval`.
  void SetInterval(int64_t interval_ms, int64_t now_ms);

 private:
  // What was said about the problem of one listener.
  struct Said {
    int64_t since_ms = 0;  // the first load that found it
    Level level = Level::kInfo;
    std::string reason;
  };

  void ScheduleSlowLook(int64_t now_ms);
  Level LevelOf(const Problem& problem, int64_t since_ms, int64_t now_ms) const;
  std::vector<Report> Tell(bool asked, int64_t now_ms);

  Options options_;
  bool pending_ = false;
  bool asked_ = false;  // by a signal, for the load that is due
  std::vector<Problem> problems_;
  std::map<std::string, Said> said_;     // by listener
  int64_t retry_ms_ = 0;                 // the current wait between retries; 0: none failed
  std::optional<int64_t> load_at_;       // a load is due: asked for, or the files have changed
  std::optional<int64_t> retry_at_;      // set while a load has failed
  std::optional<int64_t> settle_first_;  // first event of the current burst
  std::optional<int64_t> settle_at_;
  std::optional<int64_t> slow_look_at_;
  Counters counters_;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_RELOAD_SCHEDULE_H_
