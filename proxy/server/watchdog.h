// Watchdog notifies the service manager as long as all event loops run: its own, and those of the
// workers, which it pings. If a worker has not answered the last ping, it sends no notification,
// and the service manager acts after its own deadline.
//
// Main thread only.

#ifndef MANTLET_PROXY_SERVER_WATCHDOG_H_
#define MANTLET_PROXY_SERVER_WATCHDOG_H_

#include <cstddef>
#include <cstdint>
#include <functional>

#include "proxy/base/timer_wheel.h"
#include "proxy/io/loop.h"

namespace mantlet::server {

class Watchdog {
 public:
  struct Actions {
    // Pings every worker and returns how many there are. Each calls `on_alive` once, on any thread.
    std::function<size_t(const std::function<void()>& on_alive)> ping;
    // Sends the notification.
    std::function<void()> notify;
  };

  // Sends the first notification immediately. `loop` must outlive the watchdog. The workers must be
  // destroyed before it.
  Watchdog(io::Loop& loop, int64_t interval_ms, Actions actions);
  Watchdog(const Watchdog&) = delete;

 private:
  void Ping();

  io::Loop& loop_;
  const int64_t interval_ms_;
  const Actions actions_;
  base::FunctionTimer timer_;
  size_t unanswered_ = 0;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_WATCHDOG_H_
