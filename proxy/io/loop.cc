#include "proxy/io/loop.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "proxy/base/exhaustion.h"

namespace mantlet::io {

namespace {

// A loop has descriptors of its own, and the first loop of a process two more, for signals: libuv
// ends the process without a word if it cannot have those.
void EndUnless(bool made) {
  if (made) return;
  base::EndExhausted("cannot create an event loop",
                     "raise the limits of open files (LimitNOFILE=, ulimit -n) and of epoll "
                     "(fs.epoll.max_user_watches), or set fewer `workers`");
}

}  // namespace

std::string LibuvVersion() { return uv_version_string(); }

Loop::UvLoop::UvLoop() {
  static const int allocator =
      uv_replace_allocator(base::MallocOrEnd, base::ReallocOrEnd, base::CallocOrEnd, std::free);
  int signals[2] = {-1, -1};
  EndUnless(allocator == 0 && pipe2(signals, O_CLOEXEC) == 0);
  for (const int fd : signals) close(fd);
  EndUnless(uv_loop_init(&loop) == 0);
}

Loop::Loop()
    : wheel_(now_ms()),
      read_buffer_(new char[kReadBufferBytes]),
      plaintext_buffer_(new char[kReadBufferBytes]) {
  wakeup_.data = prepare_.data = check_.data = tick_.data = this;
  const int status = uv_async_init(&loop_, &wakeup_,
                                   [](uv_async_t* h) { static_cast<Loop*>(h->data)->RunPosted(); });
  EndUnless(status == 0 && Watch(loop_.async_io_watcher.fd) == 0);
  // Some versions of libuv have a pipe for signals in each loop, and some only where it is needed.
  if (loop_.signal_pipefd[0] >= 0) EndUnless(Watch(loop_.signal_pipefd[0]) == 0);
  // EndTurn runs before and after the poll: calls that a timer defers must not wait for the next
  // event.
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
  for (base::ListLink* calls : {&turn_end_, &next_turn_, &after_turn_, &turn_is_over_}) {
    while (!calls->IsAlone()) calls->next->Unlink();
  }
}

void Loop::Run() { uv_run(&loop_, UV_RUN_DEFAULT); }

void Loop::Stop() {
  Post([this] { uv_stop(&loop_); });
}

void Loop::Post(Task task) {
  {
    std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
  }
  uv_async_send(&wakeup_);
}

void Loop::Enqueue(DeferredCall& call, DeferredCall::When when) {
  switch (when) {
    case DeferredCall::When::kTurnEnd:
      turn_end_.Append(call);
      return;
    case DeferredCall::When::kNextTurn:
      next_turn_.Append(call);
      break;
    case DeferredCall::When::kAfterTurn:
      // The poll of this turn may still follow, and without a wakeup it would not return.
      after_turn_.Append(call);
      break;
  }
  uv_async_send(&wakeup_);
}

void Loop::RunCalls(base::ListLink& calls) {
  base::ListLink now;
  now.Splice(calls);
  while (!now.IsAlone()) {
    auto& call = static_cast<DeferredCall&>(*now.next);
    call.Unlink();
    call.call_();
  }
}

void Loop::RunPosted() {
  std::vector<Task> tasks;
  {
    std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (Task& task : tasks) std::move(task)();
  RunCalls(next_turn_);
}

void Loop::BeginRound() {
  EndRound();
  round_began_ms_ = now_ms();
}

void Loop::EndRound() {
  if (round_began_ms_ == kNotBegun) return;
  const int64_t round_ms = now_ms() - std::exchange(round_began_ms_, kNotBegun);
  turns_.busy_ms += round_ms;
  turns_.square_ms2 += round_ms * round_ms;
  if (on_measured_) on_measured_(round_ms);
}

void Loop::BeginPoll() {
  EndRound();  // libuv has just read the clock
  RunCalls(turn_is_over_);
  EndTurn();
}

void Loop::EndPoll() {
  NoteEvent();
  EndTurn();
  turn_is_over_.Splice(after_turn_);
}

void Loop::EndTurn() {
  while (!turn_end_.IsAlone() || !deferred_deletes_.empty()) {
    RunCalls(turn_end_);
    std::vector<Deferred> objects;
    objects.swap(deferred_deletes_);
  }
  if (on_turn_end_) on_turn_end_();
  ArmTick();
}

int Loop::Watch(int fd) {
  epoll_event event = {};
  event.data.fd = fd;  // libuv changes `events` later, as needed
  if (epoll_ctl(uv_backend_fd(&loop_), EPOLL_CTL_ADD, fd, &event) == 0 || errno == EEXIST) return 0;
  return -errno;
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
