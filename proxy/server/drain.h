// Drain ends the process in order. It drains every worker, cuts the connections that are left at
// the deadline, and reports the end when no worker has a connection left, or one second after the
// cut.
//
// Main thread only.

#ifndef MANTLET_PROXY_SERVER_DRAIN_H_
#define MANTLET_PROXY_SERVER_DRAIN_H_

#include <cstddef>
#include <cstdint>
#include <functional>

#include "proxy/base/timer_wheel.h"
#include "proxy/io/loop.h"

namespace mantlet::server {

class Drain {
 public:
  struct Actions {
    // Starts the drain of every worker and returns how many there are. Each calls `on_empty` once,
    // on any thread, when it has no connection left.
    std::function<size_t(const std::function<void()>& on_empty)> start;
    // Cuts every connection that is left.
    std::function<void()> cut;
    // Called once, on the loop's thread.
    std::function<void()> finished;
  };

  // The longest time that connections may take to close after the cut.
  static constexpr int64_t kAfterCutMs = 1000;

  // `loop` must outlive the drain. The workers must be destroyed before it.
  Drain(io::Loop& loop, Actions actions);
  Drain(const Drain&) = delete;

  bool begun() const { return begun_; }
  // Begins the drain. Returns false, and does nothing, if it has begun before.
  bool Begin(int64_t deadline_ms);

 private:
  void OnWorkerEmpty();
  void OnDeadline();
  void Finish();

  io::Loop& loop_;
  const Actions actions_;
  base::FunctionTimer deadline_;
  base::FunctionTimer after_cut_;
  bool begun_ = false;
  bool finished_ = false;
  size_t workers_left_ = 0;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_DRAIN_H_
