// Cancellation tells a thread that the result of its work is no longer needed. Work that takes long
// asks for it now and then and gives up. Any thread may use it.

#ifndef MANTLET_PROXY_BASE_CANCELLATION_H_
#define MANTLET_PROXY_BASE_CANCELLATION_H_

#include <atomic>

namespace mantlet::base {

class Cancellation {
 public:
  // Takes effect once and for all.
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> cancelled_{false};
};

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_CANCELLATION_H_
