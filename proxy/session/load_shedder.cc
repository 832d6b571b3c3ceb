#include "proxy/session/load_shedder.h"

#include <algorithm>

namespace mantlet::session {

void LoadShedder::SetTarget(config::Milliseconds target) {
  target_ms_ = target == config::kAutoDuration ? kAutomaticTargetMs : target.count();
  if (target_ms_ == 0) share_ = over_ = 0;
}

LoadShedder::Change LoadShedder::EndInterval(int64_t now_ms, int64_t shortest_ms, int64_t cpu_us) {
  constexpr int64_t kUsPerMs = 1000;
  const int64_t ran_us = cpu_us - cpu_us_;
  const bool busy = ran_us * kLeastCpu >= (now_ms - began_ms_) * kUsPerMs;
  const bool over = busy && shortest_ms > target_ms_;
  began_ms_ = now_ms;
  cpu_us_ = cpu_us;
  due_ms_ = now_ms + kIntervalMs;
  over_ = over ? over_ + 1 : 0;
  const int before = share_;
  if (over_ >= kIntervals) {
    share_ = std::min(share_ + kMore, kAll + kMost);
  } else if (!over) {
    share_ = std::max(share_ - kLess, 0);
  }
  if (before == 0 && share_ > 0) {
    refused_ = 0;
    return Change::kBegins;
  }
  return before > 0 && share_ == 0 ? Change::kEnds : Change::kNone;
}

int LoadShedder::HandshakeShare() const { return std::min(share_, kMost); }

int LoadShedder::RequestShare() const { return std::min(share_ - kAll, kMost); }

// Refuses an even part of all, without a random number.
bool LoadShedder::Take(int share, int& credit) {
  credit += share;
  if (credit < kAll) return false;
  credit -= kAll;
  ++refused_;
  return true;
}

}  // namespace mantlet::session
