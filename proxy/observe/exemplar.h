// ExemplarCell keeps one traced request as the example of a bucket of a histogram. One thread
// writes it, any other may read it; neither waits. A reader that meets a write sees nothing.

#ifndef MANTLET_PROXY_OBSERVE_EXEMPLAR_H_
#define MANTLET_PROXY_OBSERVE_EXEMPLAR_H_

#include <atomic>
#include <cstdint>
#include <optional>

#include "proxy/http/trace_context.h"

namespace mantlet::observe {

struct Exemplar {
  http::TraceId trace;
  int64_t duration_us = 0;
  int64_t wall_ms = 0;  // when it was recorded, since the epoch
};

class ExemplarCell {
 public:
  // How often a request is looked at, so that those between cost one comparison.
  static constexpr int64_t kPeriodUs = 1'000'000;

  // Returns whether another request may become the example. Its caller then looks at the request,
  // whether that has a trace or not.
  bool IsDue(int64_t now_us) {
    if (now_us < due_us_) return false;
    due_us_ = now_us + kPeriodUs;
    return true;
  }

  void Set(const Exemplar& exemplar) {
    const uint32_t version = version_.load(std::memory_order_relaxed);
    version_.store(version + 1, std::memory_order_relaxed);
    // A reader that sees one of these sees that odd version, too.
    high_.store(exemplar.trace.high, std::memory_order_release);
    low_.store(exemplar.trace.low, std::memory_order_release);
    duration_us_.store(exemplar.duration_us, std::memory_order_release);
    wall_ms_.store(exemplar.wall_ms, std::memory_order_release);
    version_.store(version + 2, std::memory_order_release);
  }

  std::optional<Exemplar> Get() const {
    const uint32_t version = version_.load(std::memory_order_acquire);
    if (version == 0 || version % 2 == 1) return std::nullopt;
    const Exemplar exemplar = {
        {high_.load(std::memory_order_acquire), low_.load(std::memory_order_acquire)},
        duration_us_.load(std::memory_order_acquire),
        wall_ms_.load(std::memory_order_acquire)};
    if (version_.load(std::memory_order_relaxed) != version) return std::nullopt;
    return exemplar;
  }

 private:
  int64_t due_us_ = 0;                // of the writer
  std::atomic<uint32_t> version_{0};  // odd during a write
  std::atomic<uint64_t> high_{0};
  std::atomic<uint64_t> low_{0};
  std::atomic<int64_t> duration_us_{0};
  std::atomic<int64_t> wall_ms_{0};
};

}  // namespace mantlet::observe

#endif  // MANTLET_PROXY_OBSERVE_EXEMPLAR_H_
