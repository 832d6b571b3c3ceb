// Drain ends the process in order: every worker drains, what is left at the deadline is cut, and
// the end is reported once no worker has a connection, or a second after the cut.
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
    // Ends every connection that is left.
    std::function<void()> cut;
    // Called once, on the loop's thread.
    std::function<void()> finished;
  };

  // How long connections take to close after the cut, at most.
  static constexpr int64_t kAfterCutMs = 1000;

  // `loop` outlives the drain, and the workers do not.
  Drain(io::Loop& loop, Actions actions);
  Drain(const Drain&) = delete;

  bool begun() const { return begun_; }
  // Returns false if it has begun before; then nothing changes.
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
