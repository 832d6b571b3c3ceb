// LoadShedder decides what a worker refuses while it has more to do than it can (limits.overload):
// new connections first, whose handshakes cost the most, and if that is not enough, requests.
//
// Two things show that a worker is overloaded, together and in several intervals in a row: its loop
// has hardly waited for events, and what arrives waits for longer than the target. A burst is over
// by then. A worker with little to do, which other processes keep from running, is not overloaded:
// it must have used a fifth of a processor, or half of what the limit of its cgroup leaves it.
//
// From then on, the loop accepts so many connections in a turn that a turn takes a twentieth of the
// target, and refuses all others at once, so that none is queued: a new connection takes about five
// turns until its first response, and one of a hundred up to twenty. If turns are still longer than
// the target, a growing share of requests is refused.
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
  static constexpr int64_t kIntervalMs = 100;
  // So many intervals in a row have to exceed the target before anything is refused, and to be
  // without a refusal before it is over.
  static constexpr int kIntervals = 5;
  // The target, in turns of the loop.
  static constexpr int64_t kTurns = 20;

  // What has happened to the worker with an interval.
  enum class Change : uint8_t { kNone, kBegins, kEnds };

  // What was measured until now since the last interval ended.
  struct Interval {
    int64_t now_ms = 0;
    int64_t busy_ms = 0;   // the time that the loop has not waited for events
    int64_t turn_ms = 0;   // how long an event waits for the end of a turn
    int64_t queue_ms = 0;  // since when connections have been queued for accept(2) without a break
    int64_t cpu_us = 0;    // the time that the thread has run since its start
  };

  void SetTarget(config::Milliseconds target);
  int64_t target_ms() const { return target_ms_; }
  // Sets how many processors the thread may use, if the limit of a cgroup leaves it less than one.
  void SetProcessors(double processors);

  // Tells how long a turn of the loop has taken. Cheap.
  void EndTurn(int64_t turn_ms) {
    if (overloaded_) AdaptConnections(turn_ms);
  }
  // Returns whether an interval is over. Cheap: called in each turn.
  bool IsDue(int64_t now_ms) const { return now_ms >= due_ms_ && target_ms_ != 0; }
  Change EndInterval(const Interval& interval);

  // Return whether to refuse the next one. Count it if so.
  bool RefusesConnection() { return overloaded_ && Exceeds(); }
  bool RefusesRequest() { return request_share_ > 0 && TakeRequest(); }

  bool overloaded() const { return overloaded_; }
  // Returns how many were refused since the last Change::kBegins.
  uint64_t refused() const { return refused_; }

 private:
  // Shares of requests are in thousandths; some are let in always. The share grows in each interval
  // by kMore for each time that the target fits into the wait, up to kMuchMore.
  static constexpr int kAll = 1000;
  static constexpr int kMost = 900;
  static constexpr int kMore = 25;
  static constexpr int kMuchMore = 250;
  static constexpr int kLess = 10;
  static constexpr int kMuchLess = 50;
  // The loop is busy for so much of an interval, in percent, if there is too much to do.
  static constexpr int64_t kBusy = 90;
  static constexpr double kLeastProcessors = 0.2;
  // How many connections are accepted in the first turn.
  static constexpr int64_t kFirstConnections = 16;

  bool IsBusy(const Interval& interval) const;
  bool IsOver(const Interval& interval, bool busy) const;
  void AdaptConnections(int64_t turn_ms);
  void AdaptRequests(int64_t wait_ms, bool over, bool busy);
  bool Exceeds();
  bool TakeRequest();

  int64_t target_ms_ = 0;  // 0: nothing is ever refused
  double least_processors_ = kLeastProcessors;
  int64_t due_ms_ = 0;
  int64_t began_ms_ = 0;  // the interval
  int64_t cpu_us_ = 0;    // at its beginning
  int over_ = 0;          // intervals in a row that exceed the target
  int calm_ = 0;          // intervals in a row without a refusal
  bool overloaded_ = false;
  int64_t connections_ = kFirstConnections;  // of a turn
  int64_t accepted_ = 0;                     // in this turn
  bool exceeded_ = false;                    // more came in this turn
  int request_share_ = 0;
  int request_credit_ = 0;
  uint64_t refused_ = 0;
  // In this interval:
  bool refused_connection_ = false;
  bool refused_request_ = false;
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_LOAD_SHEDDER_H_
