#include "proxy/upstream/circuit.h"

#include <algorithm>

namespace mantlet::upstream {

bool Circuit::OnSuccess() {
  const bool closed = open_;
  *this = Circuit();
  return closed;
}

bool Circuit::OnFailure(int64_t now_ms, uint32_t random) {
  if (open_) return false;  // an attempt that had begun before
  if (failures_++ == 0) failing_since_ms_ = now_ms;
  if (failures_ < kFailures) return false;
  open_ = true;
  pause_ms_ = kFirstPauseMs;
  Pause(now_ms, random);
  return true;
}

void Circuit::OnTrialFailure(int64_t now_ms, uint32_t random) {
  pause_ms_ = std::min(pause_ms_ + pause_ms_ / 10, kLongestPauseMs);
  Pause(now_ms, random);
}

// The random part is a tenth at most.
void Circuit::Pause(int64_t now_ms, uint32_t random) {
  trial_at_ms_ = now_ms + pause_ms_ - random % (pause_ms_ / 10 + 1);
}

}  // namespace mantlet::upstream
