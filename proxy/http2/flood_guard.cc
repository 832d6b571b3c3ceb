#include "proxy/http2/flood_guard.h"

#include <algorithm>

namespace mantlet::http2 {
namespace {

// Clients that give calls up, at their deadlines say, keep below this for as long as they like.
constexpr double kResetsPerSecond = 20;
constexpr double kControlFrames = 2000;
constexpr double kControlFramesPerSecond = 200;
constexpr double kEmptyFrames = 200;
constexpr double kEmptyFramesPerSecond = 20;

}  // namespace

FloodGuard::FloodGuard(uint32_t streams)
    : resets_(streams, kResetsPerSecond),
      control_(kControlFrames, kControlFramesPerSecond),
      empty_(kEmptyFrames, kEmptyFramesPerSecond) {}

bool FloodGuard::OnReset(int64_t now_ms) { return resets_.Spend(now_ms); }
bool FloodGuard::OnControlFrame(int64_t now_ms) { return control_.Spend(now_ms); }
bool FloodGuard::OnEmptyFrame(int64_t now_ms) { return empty_.Spend(now_ms); }

bool FloodGuard::Allowance::Spend(int64_t now_ms) {
  if (since_ms_ < 0) since_ms_ = now_ms;
  Earn(static_cast<double>(now_ms - since_ms_) * per_second_ / 1000);
  since_ms_ = now_ms;
  left_ -= 1;
  return left_ >= 0;
}

void FloodGuard::Allowance::Earn(double amount) { left_ = std::min(most_, left_ + amount); }

}  // namespace mantlet::http2
