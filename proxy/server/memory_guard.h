// MemoryGuard keeps one worker within the process's MemoryBudget. It has the memory measured while
// the worker reads, sets the size of its buffers, and ends connections: idle ones first, and when
// nothing else helps, those that hold the most.
//
// One loop's thread only.

#ifndef MANTLET_PROXY_SERVER_MEMORY_GUARD_H_
#define MANTLET_PROXY_SERVER_MEMORY_GUARD_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "proxy/base/log.h"
#include "proxy/base/memory_budget.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/io/loop.h"
#include "proxy/session/connection.h"

namespace mantlet::server {

class MemoryGuard {
 public:
  // While there is pressure, something is done about it this often,
  static constexpr int64_t kActMs = 50;
  // and while memory becomes scarce, free memory is given back this often.
  static constexpr int64_t kTrimMs = 250;
  // Idle connections end if all of them hold 1/kWorthwhile of the memory or more. To end a few
  // would only make their clients connect again.
  static constexpr size_t kIdleBytes = 8 * 1024;  // what one holds, more or less
  static constexpr size_t kWorthwhile = 8;
  // So many end at a time: at least kLeastIdle, and a share of all.
  static constexpr size_t kLeastIdle = 64;
  static constexpr size_t kIdleShare = 16;

  // The worker's part.
  struct Host {
    // Returns all connections.
    std::function<std::vector<session::Connection*>()> connections;
    // Frees memory that is only kept for reuse, and returns it to the kernel.
    std::function<void()> trim;
  };

  // All of them outlive the guard. Nothing happens if the budget has no limit.
  MemoryGuard(io::Loop& loop, base::Logger& logger, base::MemoryBudget& budget, Host host);
  MemoryGuard(const MemoryGuard&) = delete;

  // Measures and acts if that is due. Called after each turn of the loop, and `urgent` within one
  // that reads much.
  void Check(bool urgent);

 private:
  void Measure(bool urgent);
  void Act();
  void EndIdle(std::vector<session::Connection*> connections);
  void CutLargest(const std::vector<session::Connection*>& connections, size_t excess);
  void Log(bool pressed) const;

  io::Loop& loop_;
  base::Logger& logger_;
  base::MemoryBudget& budget_;
  const Host host_;
  base::FunctionTimer timer_;  // while there is pressure
  io::DeferredCall act_;       // outside of the streams' callbacks
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_MEMORY_GUARD_H_
