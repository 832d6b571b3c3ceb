#include "proxy/session/load_shedder.h"

#include <algorithm>

namespace mantlet::session {

void LoadShedder::SetTarget(config::Milliseconds target) {
  target_ms_ = target == config::kAutoDuration ? kAutomaticTargetMs : target.count();
  if (target_ms_ != 0) return;
  overloaded_ = false;
  request_share_ = over_ = 0;
}

void LoadShedder::SetProcessors(double processors) {
  least_processors_ = std::min(kLeastProcessors, processors / 2);
}

bool LoadShedder::IsBusy(const Interval& interval) const {
  constexpr int64_t kPercent = 100;
  return interval.queue_ms >= kIntervalMs ||
         interval.busy_ms * kPercent >= (interval.now_ms - began_ms_) * kBusy;
}

bool LoadShedder::IsOver(const Interval& interval, bool busy) const {
  constexpr double kUsPerMs = 1000;
  const auto ran_us = static_cast<double>(interval.cpu_us - cpu_us_);
  const double took_us = static_cast<double>(interval.now_ms - began_ms_) * kUsPerMs;
  return busy && std::max(interval.turn_ms, interval.queue_ms) > target_ms_ &&
         ran_us >= took_us * least_processors_;
}

// Turns that are too long halve the number at most: one may be long by chance.
void LoadShedder::AdaptConnections(int64_t turn_ms) {
  const int64_t longest_ms = std::max<int64_t>(1, target_ms_ / kTurns);
  if (turn_ms > longest_ms) {
    connections_ =
        std::max<int64_t>({connections_ * longest_ms / turn_ms, connections_ / 2, int64_t{1}});
  } else if (exceeded_) {
    constexpr int64_t kEighth = 8;
    connections_ += 1 + connections_ / kEighth;
  }
  accepted_ = 0;
  exceeded_ = false;
}

void LoadShedder::AdaptRequests(int64_t wait_ms, bool over, bool busy) {
  if (!over) {
    request_share_ = std::max(request_share_ - (busy ? kLess : kMuchLess), 0);
  } else if (connections_ == 1 || !refused_connection_) {
    const int64_t more = std::min<int64_t>(wait_ms / target_ms_ * kMore, kMuchMore);
    request_share_ = std::min(request_share_ + static_cast<int>(more), kMost);
  }
}

LoadShedder::Change LoadShedder::EndInterval(const Interval& interval) {
  const bool busy = IsBusy(interval);
  const bool over = IsOver(interval, busy);
  over_ = over ? over_ + 1 : 0;
  calm_ = over || refused_connection_ || refused_request_ ? 0 : calm_ + 1;
  if (overloaded_) AdaptRequests(interval.turn_ms, over, busy);
  began_ms_ = interval.now_ms;
  due_ms_ = interval.now_ms + kIntervalMs;
  cpu_us_ = interval.cpu_us;
  refused_connection_ = refused_request_ = false;
  if (!overloaded_ && over_ >= kIntervals) {
    overloaded_ = true;
    connections_ = kFirstConnections;
    refused_ = 0;
    return Change::kBegins;
  }
  if (!overloaded_ || request_share_ > 0 || calm_ < kIntervals) return Change::kNone;
  overloaded_ = false;
  return Change::kEnds;
}

bool LoadShedder::Exceeds() {
  if (accepted_ < connections_) {
    ++accepted_;
    return false;
  }
  exceeded_ = refused_connection_ = true;
  ++refused_;
  return true;
}

// Refuses an even part of all, without a random number.
bool LoadShedder::TakeRequest() {
  request_credit_ += request_share_;
  if (request_credit_ < kAll) return false;
  request_credit_ -= kAll;
  refused_request_ = true;
  ++refused_;
  return true;
}

}  // namespace mantlet::session
