// RetryBudget bounds the requests that are sent again to one upstream, so that retries cannot
// multiply the load of an upstream that fails under its load.
//
// Among the requests of the last ten seconds, at most a fifth may be retries; a few are always
// permitted, so that an upstream with little traffic has retries as well. Envoy's retry budgets
// have the same default share.
//
// Pure: the time is passed in. Costs a comparison and an addition per request. One loop's thread
// only; each pool has one.

#ifndef MANTLET_PROXY_UPSTREAM_RETRY_BUDGET_H_
#define MANTLET_PROXY_UPSTREAM_RETRY_BUDGET_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace mantlet::upstream {

class RetryBudget {
 public:
  // Requests and retries older than this have no effect. It moves on in steps of kStepMs.
  static constexpr int64_t kWindowMs = 10'000;
  static constexpr int64_t kStepMs = 1'000;
  static constexpr uint64_t kPercent = 20;
  // The number of retries that are permitted in every window, however few requests there are.
  static constexpr uint64_t kFloor = 20;

  // A request is about to be sent for the first time.
  void CountRequest(int64_t now_ms) {
    MoveTo(now_ms);
    ++current().requests;
    ++total_.requests;
  }
  // Returns whether a request may be sent again now, and counts it if so.
  bool TryAcquire(int64_t now_ms);

 private:
  struct Counts {
    uint64_t requests = 0;
    uint64_t retries = 0;
  };
  static constexpr size_t kSteps = kWindowMs / kStepMs;

  Counts& current() { return steps_[static_cast<size_t>(step_) % kSteps]; }
  void MoveTo(int64_t now_ms) {
    if (now_ms / kStepMs > step_) Advance(now_ms / kStepMs);
  }
  void Advance(int64_t step);

  std::array<Counts, kSteps> steps_ = {};
  Counts total_;      // of all steps
  int64_t step_ = 0;  // the current one, since the clock's epoch
};

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_RETRY_BUDGET_H_
