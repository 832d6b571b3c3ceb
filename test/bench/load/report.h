// What was counted between two moments, and how it is said: one line of JSON.

#ifndef MANTLET_TEST_BENCH_LOAD_REPORT_H_
#define MANTLET_TEST_BENCH_LOAD_REPORT_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "test/bench/load/histogram.h"

namespace mantlet::bench {

// CLOCK_MONOTONIC in nanoseconds; cheap.
int64_t WallNs();

// The clocks of this process, in nanoseconds. That of its CPU time costs a system call.
struct Moment {
  int64_t wall_ns = 0;  // WallNs()
  int64_t cpu_ns = 0;   // of this process
  static Moment Now();
};

// The latencies of a stretch of time, in nanoseconds.
struct Stretch {
  uint64_t operations = 0;
  int64_t p50 = 0, p99 = 0;
};

struct Window {
  Moment began;
  uint64_t operations = 0;  // answered with 200
  uint64_t handshakes = 0;
  uint64_t resumed = 0;  // of the handshakes
  uint64_t bytes = 0;    // received, as ciphertext
  std::map<std::string, uint64_t, std::less<>> errors;
  Histogram latency;
  std::vector<Stretch> stretches;

  void AddError(std::string_view what) {
    const auto found = errors.find(what);
    if (found == errors.end()) {
      errors.emplace(what, 1);
    } else {
      ++found->second;
    }
  }
  uint64_t error_count() const;
};

// What the connections agreed on.
struct Negotiated {
  std::string version, cipher, group;
};

std::string ToJson(std::string_view event, std::string_view label, const Window& window,
                   const Moment& end, const Negotiated& negotiated);

}  // namespace mantlet::bench

#endif  // MANTLET_TEST_BENCH_LOAD_REPORT_H_
