#include "proxy/io/loop.h"

#include <algorithm>
#include <utility>

namespace mantlet::io {
Loop::Loop()
    : wheel_(now_ms()),
      read_buffer_(new char[kReadBufferBytes]),
      plaintext_buffer_(new char[kReadBufferBytes]) {
  wakeup_.data = prepare_.data = check_.data = tick_.data = this;
  uv_async_init(&loop_, &wakeup_, [](uv_async_t* h) { static_cast<Loop*>(h->data)->RunPosted(); });
  // Both sides of the poll: what a timer puts off must not wait for the next event.
  uv_prepare_init(&loop_, &prepare_);
  uv_prepare_start(&prepare_, [](uv_prepare_t* h) { static_cast<Loop*>(h->data)->BeginPoll(); });
  uv_check_init(&loop_, &check_);
  uv_check_start(&check_, [](uv_check_t* h) { static_cast<Loop*>(h->data)->EndPoll(); });
  uv_timer_init(&loop_, &tick_);
}

Loop::~Loop() {
  EndTurn();
  for (auto* handle :
       {reinterpret_cast<uv_handle_t*>(&wakeup_), reinterpret_cast<uv_handle_t*>(&prepare_),
        reinterpret_cast<uv_handle_t*>(&check_), reinterpret_cast<uv_handle_t*>(&tick_)}) {
    uv_close(handle, nullptr);
  }
  uv_run(&loop_, UV_RUN_DEFAULT);
  uv_loop_close(&loop_);
}

void Loop::Run() { uv_run(&loop_, UV_RUN_DEFAULT); }

void Loop::Stop() {
  Post([this] { uv_stop(&loop_); });
}

void Loop::Post(std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
  }
  uv_async_send(&wakeup_);
}

void Loop::RunPosted() {
  std::vector<std::function<void()>> tasks;
  {
    std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (auto& task : tasks) task();
}

void Loop::AfterTurn(std::function<void()> task) {
  after_turn_.push_back(std::move(task));
  // The poll of this turn may be still to come, and nothing else that ends it.
  uv_async_send(&wakeup_);
}

void Loop::BeginPoll() {
  std::vector<std::function<void()>> tasks;
  tasks.swap(turn_is_over_);
  for (auto& task : tasks) task();
  EndTurn();
}

void Loop::EndPoll() {
  EndTurn();
  turn_is_over_.swap(after_turn_);
}

void Loop::EndTurn() {
  while (!deferred_.empty() || !retired_.empty()) {
    std::vector<std::function<void()>> tasks;
    tasks.swap(deferred_);
    for (auto& task : tasks) task();
    std::vector<Retired> objects;
    objects.swap(retired_);
  }
  if (on_turn_end_) on_turn_end_();
  ArmTick();
}

void Loop::ArmTick() {
  std::optional<int64_t> next = wheel_.NextDeadline();
  if (next == tick_at_) return;
  tick_at_ = next;
  if (!next.has_value()) {
    uv_timer_stop(&tick_);
    return;
  }
  auto on_tick = [](uv_timer_t* h) {
    auto* self = static_cast<Loop*>(h->data);
    self->tick_at_.reset();
    self->wheel_.Advance(self->now_ms());
  };
  uv_timer_start(&tick_, on_tick, static_cast<uint64_t>(std::max<int64_t>(*next - now_ms(), 1)), 0);
}

}  // namespace mantlet::io
