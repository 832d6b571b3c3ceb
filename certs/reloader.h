// Reloader: when to look at the files, when to load them, what to say about it.
// A pure state machine: it is told of events and of the time, and answers what
// to do next. proxy/server owns one on the main loop, does the I/O that it asks
// for and arms one timer with NextWakeup().
//
//   event or tick -> Next() == kLook -> caller compares file states -> Looked()
//                            kLoad -> caller loads and swaps      -> Loaded()
//
// Times are milliseconds of a monotonic clock; only differences matter.

#ifndef MANTLET_CERTS_RELOADER_H_
#define MANTLET_CERTS_RELOADER_H_

#include <cstdint>
#include <optional>
#include <string>

namespace mantlet::certs {

class Reloader {
 public:
  struct Options {
    int64_t interval_ms = 30'000;   // the slow look; 0 = none
    int64_t settle_ms = 100;        // after a file event, wait this long for more of them
    int64_t settle_max_ms = 1'000;  // but not longer than this after the first
    int64_t retry_first_ms = 500;   // after a failed load; doubled each time …
    int64_t retry_max_ms = 30'000;  // … up to this
  };

  enum class Action { kNothing, kLook, kLoad };
  enum class Outcome {
    kSwapped,    // loaded, differs from what is served, swapped in
    kUnchanged,  // loaded, and it is what is served already
    kFailed,     // refused; the old generation stays
  };

  struct Counters {
    uint64_t success = 0;    // kSwapped
    uint64_t unchanged = 0;  // kUnchanged
    uint64_t failure = 0;    // kFailed
  };

  // `now_ms`: the moment at which the first generation was loaded.
  Reloader(const Options& options, int64_t now_ms);

  // Something happened in a watched directory.
  void FilesEvent(int64_t now_ms);
  // SIGHUP or POST /reload: load at the next occasion, changed or not.
  void Requested(int64_t now_ms);

  // What to do now. kLook and kLoad are handed out once; answer with Looked or Loaded.
  Action Next(int64_t now_ms);
  void Looked(bool changed, int64_t now_ms);
  // `error`: the loader's sentence if `outcome` is kFailed. Returns what to
  // log, or nothing if the same has been said already.
  std::optional<std::string> Loaded(Outcome outcome, const std::string& error, int64_t now_ms);

  // When to call Next again; nothing: not before the next event.
  std::optional<int64_t> NextWakeup() const;

  // The files on disk are not what is served: mantlet_reload_pending.
  bool pending() const { return pending_; }
  // Why they are not; empty unless the last load failed.
  const std::string& last_error() const { return last_error_; }
  const Counters& counters() const { return counters_; }

  // The configuration was reloaded with a new `reload.interval`.
  void SetInterval(int64_t interval_ms, int64_t now_ms);

 private:
  void ScheduleSlowLook(int64_t now_ms);
  std::optional<std::string> Failed(const std::string& error, int64_t now_ms);

  Options options_;
  bool pending_ = false;
  std::string last_error_;
  int64_t retry_ms_ = 0;                 // the current wait between retries; 0: none failed
  std::optional<int64_t> load_at_;       // a load is due: asked for, or the files have changed
  std::optional<int64_t> retry_at_;      // set while a load has failed
  std::optional<int64_t> settle_first_;  // first event of the current burst
  std::optional<int64_t> settle_at_;
  std::optional<int64_t> slow_look_at_;
  Counters counters_;
};

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_RELOADER_H_
