// What the deadlines of a request cost in base::TimerWheel and with one uv_timer_t each, beside the
// deadlines of other connections: the reason why the loop has a wheel.

#include <benchmark/benchmark.h>
#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "proxy/base/timer_wheel.h"

namespace mantlet {
namespace {

// A keep-alive request moves its connection's deadline from idle to the response and back.
constexpr uint64_t kResponseMs = 60'000;
constexpr uint64_t kIdleMs = 75'000;
// The clock advances by a millisecond for so many requests.
constexpr size_t kRequestsPerMs = 64;

class WheelTimers {
 public:
  explicit WheelTimers(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      timers_.push_back(std::make_unique<base::FunctionTimer>([] {}));
      Arm(i, kIdleMs);
    }
  }
  void Advance() { wheel_.Advance(++now_ms_); }
  void Arm(size_t i, uint64_t delay_ms) {
    wheel_.Arm(*timers_[i], now_ms_ + static_cast<int64_t>(delay_ms));
  }
  void Cancel(size_t i) { wheel_.Cancel(*timers_[i]); }

 private:
  int64_t now_ms_ = 1'000'000;
  base::TimerWheel wheel_{now_ms_};
  std::vector<std::unique_ptr<base::FunctionTimer>> timers_;
};

class UvTimers {
 public:
  explicit UvTimers(size_t count) : timers_(count) {
    uv_loop_init(&loop_);
    for (size_t i = 0; i < count; ++i) {
      uv_timer_init(&loop_, &timers_[i]);
      Arm(i, kIdleMs);
    }
  }
  ~UvTimers() {
    for (uv_timer_t& timer : timers_) uv_close(reinterpret_cast<uv_handle_t*>(&timer), nullptr);
    uv_run(&loop_, UV_RUN_DEFAULT);
    uv_loop_close(&loop_);
  }
  UvTimers(const UvTimers&) = delete;
  UvTimers& operator=(const UvTimers&) = delete;
  void Advance() { uv_update_time(&loop_); }
  void Arm(size_t i, uint64_t delay_ms) {
    uv_timer_start(&timers_[i], [](uv_timer_t*) {}, delay_ms, 0);
  }
  void Cancel(size_t i) { uv_timer_stop(&timers_[i]); }

 private:
  uv_loop_t loop_;
  std::vector<uv_timer_t> timers_;
};

// One iteration is one request; the connections take turns.
template <typename Timers>
void MoveDeadline(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  Timers timers(count);
  size_t request = 0;
  for (auto _ : state) {
    if (++request % kRequestsPerMs == 0) timers.Advance();
    const size_t i = request * 7919 % count;
    timers.Arm(i, kResponseMs);
    timers.Arm(i, kIdleMs);
  }
}

// The same where each deadline is cancelled and set again.
template <typename Timers>
void ArmAndCancel(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  Timers timers(count);
  size_t request = 0;
  for (auto _ : state) {
    if (++request % kRequestsPerMs == 0) timers.Advance();
    const size_t i = request * 7919 % count;
    timers.Cancel(i);
    timers.Arm(i, kResponseMs);
    timers.Cancel(i);
    timers.Arm(i, kIdleMs);
  }
}

BENCHMARK(MoveDeadline<WheelTimers>)->Name("MoveDeadline/wheel")->Arg(32)->Arg(512)->Arg(10'000);
BENCHMARK(MoveDeadline<UvTimers>)->Name("MoveDeadline/uv_timer")->Arg(32)->Arg(512)->Arg(10'000);
BENCHMARK(ArmAndCancel<WheelTimers>)->Name("ArmAndCancel/wheel")->Arg(32)->Arg(512)->Arg(10'000);
BENCHMARK(ArmAndCancel<UvTimers>)->Name("ArmAndCancel/uv_timer")->Arg(32)->Arg(512)->Arg(10'000);

}  // namespace
}  // namespace mantlet

BENCHMARK_MAIN();
