// Counter, Gauge and the two histograms are the cells of metrics. One thread writes a cell and the
// scrape reads it, with relaxed loads and stores and without locked instructions. A scrape may see
// a sum that is one event ahead of a count; it never sees a torn value.

#ifndef MANTLET_PROXY_OBSERVE_METRIC_VALUES_H_
#define MANTLET_PROXY_OBSERVE_METRIC_VALUES_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "proxy/observe/exemplar.h"

namespace mantlet::observe {

class Counter {
 public:
  void Add(uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class Gauge {
 public:
  void Add(int64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// DurationHistogram counts durations in microseconds, which are exported in seconds. kBounds are
// inclusive upper bounds in microseconds, ascending; one more cell counts longer durations.
template <const auto& kBounds>
class DurationHistogram {
 public:
  static constexpr size_t kCells = kBounds.size() + 1;
  static constexpr const auto& kBoundsUs = kBounds;

  // Returns the index of the cell that has counted the duration.
  size_t Observe(int64_t us) {
    if (us < 0) us = 0;
    size_t cell = 0;
    while (cell < kBounds.size() && us > kBounds[cell]) ++cell;
    cells_[cell].Add();
    sum_us_.Add(static_cast<uint64_t>(us));
    return cell;
  }
  uint64_t cell(size_t i) const { return cells_[i].value(); }
  uint64_t sum_us() const { return sum_us_.value(); }

 private:
  std::array<Counter, kCells> cells_;
  Counter sum_us_;
};

// TracedHistogram also keeps a traced request as the example of each cell.
template <const auto& kBounds>
class TracedHistogram : public DurationHistogram<kBounds> {
 public:
  // Offers the request whose duration `cell` has counted as its example. `trace` returns an
  // std::optional<http::TraceId>, and `wall_ms` the time; they are called at most once a second
  // for each cell. `now_us` is of a monotonic clock.
  template <typename TraceSource, typename WallClock>
  void Trace(size_t cell, int64_t us, int64_t now_us, TraceSource trace, WallClock wall_ms) {
    if (!examples_[cell].IsDue(now_us)) return;
    if (const auto id = trace()) examples_[cell].Set({*id, us, wall_ms()});
  }
  std::optional<Exemplar> example(size_t cell) const { return examples_[cell].Get(); }

 private:
  std::array<ExemplarCell, DurationHistogram<kBounds>::kCells> examples_;
};

// 100 µs to 10 s. A full handshake takes about half a millisecond of CPU and one or two round
// trips.
inline constexpr std::array<int64_t, 14> kHandshakeBoundsUs = {
    100,    250,    500,     1'000,   2'500,   5'000,     10'000,
    25'000, 50'000, 100'000, 250'000, 500'000, 1'000'000, 10'000'000};

// 100 µs to 60 s.
inline constexpr std::array<int64_t, 17> kRequestBoundsUs = {
    100,     250,     500,     1'000,     2'500,     5'000,      10'000,     25'000,    50'000,
    100'000, 250'000, 500'000, 1'000'000, 2'500'000, 10'000'000, 30'000'000, 60'000'000};

}  // namespace mantlet::observe

#endif  // MANTLET_PROXY_OBSERVE_METRIC_VALUES_H_
