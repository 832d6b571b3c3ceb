// QueueDelay tells a queue that does not drain from a burst, by the time that requests have waited
// in it, as CoDel does for packets (RFC 8289): what counts is the least time of an interval. A
// burst is over after a while, so that somebody waits for a short time only. If nobody has,
// interval after interval, more comes than can be served, and to wait longer helps nobody.
//
// While the queue does not drain, a request may wait for the target only. The state is entered at
// half of it, so that it lasts while those that are served have waited for nearly that long.
//
// Pure; the caller passes the time in, in milliseconds of one monotonic clock. One thread only.

#ifndef MANTLET_PROXY_UPSTREAM_QUEUE_DELAY_H_
#define MANTLET_PROXY_UPSTREAM_QUEUE_DELAY_H_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

namespace mantlet::upstream {

class QueueDelay {
 public:
  static constexpr int64_t kIntervalMs = 100;
  // So long nobody may have waited for less than half of the target.
  static constexpr int64_t kStandingMs = 500;
  // A queue that stood less than this ago stands again after one interval: the load has paused.
  static constexpr int64_t kRecentMs = 10'000;
  // The target that is chosen by itself: this many times what requests take on average,
  static constexpr int64_t kTimesOfUse = 2;
  // between these.
  static constexpr int64_t kLeastTargetMs = 5;
  static constexpr int64_t kMostTargetMs = 3000;

  // A connection was used for `used_ms` for a request. One use counts for this much at most,
  // because tunnels and streams of events last for hours.
  static constexpr int64_t kMostUseMs = 1000;
  void OnUsed(int64_t used_ms) {
    // A moving average over 16 requests, in 1/1024 ms.
    use_ += (std::min(used_ms, kMostUseMs) * kUnit - use_) / kSamples;
  }
  // Returns the target if the configuration leaves it to this class.
  int64_t automatic_target_ms() const {
    return std::clamp(use_ * kTimesOfUse / kUnit, kLeastTargetMs, kMostTargetMs);
  }

  // A connection was free for a request at once. The first form is enough unless standing().
  void OnFree() { least_ms_ = 0; }
  void OnFree(int64_t now_ms, int64_t target_ms) { OnServed(now_ms, 0, target_ms); }
  // A request got a connection after it has waited for `waited_ms`. A target of 0 is none.
  void OnServed(int64_t now_ms, int64_t waited_ms, int64_t target_ms) {
    least_ms_ = std::min(least_ms_, waited_ms);
    Evaluate(now_ms, target_ms);
  }
  // Whether the queue does not drain.
  bool standing() const { return standing_; }

 private:
  // At the end of each interval.
  void Evaluate(int64_t now_ms, int64_t target_ms) {
    if (now_ms < due_ms_) return;
    due_ms_ = now_ms + kIntervalMs;
    if (target_ms == 0 || std::exchange(least_ms_, kNobody) <= target_ms / 2) {
      since_ms_ = kNobody;
      if (std::exchange(standing_, false)) ended_ms_ = now_ms;
    } else {
      since_ms_ = std::min(since_ms_, now_ms);
      const int64_t after_ms = now_ms - ended_ms_ < kRecentMs ? kIntervalMs : kStandingMs;
      standing_ = standing_ || now_ms - since_ms_ >= after_ms;
    }
  }

  static constexpr int64_t kNobody = std::numeric_limits<int64_t>::max();
  static constexpr int64_t kUnit = 1024;
  static constexpr int64_t kSamples = 16;

  int64_t use_ = 0;
  int64_t least_ms_ = kNobody;     // of this interval
  int64_t due_ms_ = 0;             // its end
  int64_t since_ms_ = kNobody;     // the end of the first interval without a short wait
  int64_t ended_ms_ = -kRecentMs;  // when it stood last
  bool standing_ = false;
};

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_QUEUE_DELAY_H_
