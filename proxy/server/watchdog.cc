#include "proxy/server/watchdog.h"

#include <utility>

namespace mantlet::server {

Watchdog::Watchdog(io::Loop& loop, int64_t interval_ms, Actions actions)
    : loop_(loop),
      interval_ms_(interval_ms),
      actions_(std::move(actions)),
      timer_([this] { Ping(); }) {
  Ping();
}

void Watchdog::Ping() {
  if (unanswered_ == 0) {
    actions_.notify();
    unanswered_ = actions_.ping([this] { loop_.Post([this] { --unanswered_; }); });
  }
  loop_.ArmIn(timer_, interval_ms_);
}

}  // namespace mantlet::server
