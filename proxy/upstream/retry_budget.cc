#include "proxy/upstream/retry_budget.h"

#include <algorithm>

namespace mantlet::upstream {

bool RetryBudget::TryAcquire(int64_t now_ms) {
  MoveTo(now_ms);
  if (total_.retries >= std::max(kFloor, total_.requests * kPercent / 100)) return false;
  ++current().retries;
  ++total_.retries;
  return true;
}

// Drops the counts of the steps that have left the window.
void RetryBudget::Advance(int64_t step) {
  const int64_t left = std::min<int64_t>(step - step_, kSteps);
  for (int64_t i = 0; i < left; ++i) {
    step_ = i + 1 == left ? step : step_ + 1;
    total_.requests -= current().requests;
    total_.retries -= current().retries;
    current() = {};
  }
}

}  // namespace mantlet::upstream
