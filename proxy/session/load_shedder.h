// LoadShedder decides what a worker refuses while it has more to do than it can (limits.overload):
// handshakes first, which cost the most, and if that is not enough, requests.
//
// The measure is how long events wait in the worker's loop, which is the length of its turns. Of an
// interval, the shortest turn counts, and several intervals in a row have to exceed the target: a
// thread that the machine stalls for a moment has one long turn and short ones after it, and a
// burst is over by then. A worker that hardly gets to run, although it has little to do, is not
// overloaded either: it must have used a fifth of a processor.
//
// Pure; the caller passes times in. One thread only.

#ifndef MANTLET_PROXY_SESSION_LOAD_SHEDDER_H_
#define MANTLET_PROXY_SESSION_LOAD_SHEDDER_H_

#include <cstdint>

#include "config/config.h"

namespace mantlet::session {

class LoadShedder {
 public:
  static constexpr int64_t kAutomaticTargetMs = 50;
  static constexpr int64_t kIntervalMs = 250;
  // An interval has at least this many turns.
  static constexpr int64_t kLeastTurns = 3;
  // So many intervals in a row have to exceed the target.
  static constexpr int kIntervals = 4;
  // The least share of a processor, as a fraction.
  static constexpr int64_t kLeastCpu = 5;  // 1/5

  // What has happened to the worker with an interval.
  enum class Change : uint8_t { kNone, kBegins, kEnds };

  void SetTarget(config::Milliseconds target);
  int64_t target_ms() const { return target_ms_; }

  // Returns whether an interval is over, after `turns` turns. Cheap: called in each turn.
  bool IsDue(int64_t now_ms, int64_t turns) const {
    return now_ms >= due_ms_ && turns >= kLeastTurns && target_ms_ != 0;
  }
  // Ends an interval. `shortest_ms` is the length of its shortest turn, and `cpu_us` the time that
  // the thread has run since its start.
  Change EndInterval(int64_t now_ms, int64_t shortest_ms, int64_t cpu_us);

  // Return whether to refuse the next one. Count it if so.
  bool RefusesHandshake() { return share_ > 0 && Take(HandshakeShare(), handshake_credit_); }
  bool RefusesRequest() { return share_ > kAll && Take(RequestShare(), request_credit_); }

  // Returns how many were refused since the last Change::kBegins.
  uint64_t refused() const { return refused_; }

 private:
  // Shares are in thousandths. The first kAll of share_ are for handshakes, the rest for requests;
  // some of both are let in always.
  static constexpr int kAll = 1000;
  static constexpr int kMost = 900;
  static constexpr int kMore = 250;
  static constexpr int kLess = 100;

  int HandshakeShare() const;
  int RequestShare() const;
  bool Take(int share, int& credit);

  int64_t target_ms_ = 0;  // 0: nothing is ever refused
  int64_t due_ms_ = 0;
  int64_t began_ms_ = 0;  // the interval
  int64_t cpu_us_ = 0;    // at its beginning
  int over_ = 0;          // intervals in a row that exceed the target
  int share_ = 0;
  int handshake_credit_ = 0;
  int request_credit_ = 0;
  uint64_t refused_ = 0;
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_LOAD_SHEDDER_H_
