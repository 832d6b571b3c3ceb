#include "test/bench/load/report.h"

#include <ctime>
#include <nlohmann/json.hpp>

namespace mantlet::bench {
namespace {

int64_t Read(clockid_t clock) {
  timespec time = {};
  clock_gettime(clock, &time);
  return static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

double Microseconds(int64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1000; }

}  // namespace

int64_t WallNs() { return Read(CLOCK_MONOTONIC); }

Moment Moment::Now() { return {WallNs(), Read(CLOCK_PROCESS_CPUTIME_ID)}; }

uint64_t Window::error_count() const {
  uint64_t sum = 0;
  for (const auto& [what, count] : errors) sum += count;
  return sum;
}

std::string ToJson(std::string_view event, std::string_view label, const Window& window,
                   const Moment& end, const Negotiated& negotiated) {
  const double seconds = static_cast<double>(end.wall_ns - window.began.wall_ns) / 1e9;
  const double cpu = static_cast<double>(end.cpu_ns - window.began.cpu_ns) / 1e9;
  const auto operations = static_cast<double>(window.operations);
  nlohmann::ordered_json json = {
      {"event", event},
      {"label", label},
      {"monotonic_ns", end.wall_ns},
      {"seconds", seconds},
      {"operations", window.operations},
      {"errors", window.error_count()},
      {"error_kinds", window.errors},
      {"rate", seconds > 0 ? operations / seconds : 0},
      {"handshakes", window.handshakes},
      {"resumed", window.resumed},
      {"bytes_received", window.bytes},
      {"latency_us",
       {{"mean", window.latency.mean() / 1000},
        {"p50", Microseconds(window.latency.Percentile(50))},
        {"p90", Microseconds(window.latency.Percentile(90))},
        {"p99", Microseconds(window.latency.Percentile(99))},
        {"p999", Microseconds(window.latency.Percentile(99.9))},
        {"max", Microseconds(window.latency.max())}}},
      {"own_cpu_seconds", cpu},
      {"own_cpu_us_per_operation", window.operations > 0 ? cpu * 1e6 / operations : 0},
      {"tls", negotiated.version},
      {"cipher", negotiated.cipher},
      {"group", negotiated.group},
  };
  for (const Stretch& stretch : window.stretches) {
    json["windows"].push_back({{"operations", stretch.operations},
                               {"p50_us", Microseconds(stretch.p50)},
                               {"p99_us", Microseconds(stretch.p99)}});
  }
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace mantlet::bench
