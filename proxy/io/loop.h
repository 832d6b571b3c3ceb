// Loop is an event loop with the resources of its thread: the clock, the timers, the read buffers
// that all its streams share, deferred calls (deferred_call.h), and objects whose destruction has
// to wait for the end of the current callback.
//
// Threading: only Post() and Stop() may be called from any thread. All other methods belong to the
// thread that calls Run() (before Run(): the thread that constructs the loop).

#ifndef MANTLET_PROXY_IO_LOOP_H_
#define MANTLET_PROXY_IO_LOOP_H_

#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "proxy/base/block_pool.h"
#include "proxy/base/linked_list.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/io/buffer_pool.h"
#include "proxy/io/deferred_call.h"

namespace mantlet::io {

// Returns the version of the libuv that this process runs with, e.g. "1.44.2".
std::string LibuvVersion();

class Loop {
 public:
  // A task runs once and may own what it needs.
  using Task = absl::AnyInvocable<void() &&>;

  // The maximum size of one read(2): large enough that system calls do not limit bulk transfers,
  // small enough to stay in the second-level cache.
  static constexpr size_t kReadBufferBytes = 64 * 1024;

  // Ends the process if the system has no descriptor or memory for a loop: loops are made when the
  // process starts. libuv's memory comes from base/exhaustion.
  Loop();
  ~Loop();  // closes remaining handles and runs their close callbacks
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void Run();   // returns after Stop()
  void Stop();  // any thread

  // Runs `task` on the loop's thread, in order. Any thread. Tasks posted after Run() has returned
  // are dropped.
  void Post(Task task);

  // Destroys `object` when no callback of this turn can be inside it, and stops it at once:
  // OnDeferDelete() closes its streams and drops its callbacks. A class without that method cannot
  // be deleted in this way. Streams do not need it: they are destroyed in place and make no further
  // calls.
  template <typename T>
    requires requires(T& object) { object.OnDeferDelete(); }
  void DeferDelete(std::unique_ptr<T> object) {
    if (object == nullptr) return;
    object->OnDeferDelete();
    deferred_deletes_.emplace_back(object.release(), [](void* p) { delete static_cast<T*>(p); });
  }

  // Registers a descriptor with epoll before libuv does, because libuv ends the process if the
  // kernel rejects it. Returns 0 or a negative errno (ENOMEM; ENOSPC beyond
  // fs.epoll.max_user_watches). Idempotent.
  int Watch(int fd);

  // Arms a timer of this loop `delay_ms` from now.
  void ArmIn(base::Timer& timer, int64_t delay_ms) { wheel_.Arm(timer, now_ms() + delay_ms); }

  // Sets the callback that runs at the end of each turn, after everything else, to flush the output
  // of the turn. There is one callback; it has to be cheap.
  void SetTurnEnd(std::function<void()> on_turn_end) { on_turn_end_ = std::move(on_turn_end); }

  // The time since ResetTurns() in which the loop has not waited for events, in milliseconds. What
  // arrives during a turn waits for its end, so wait_ms() is the mean length of turns, weighted
  // with their length: that of the turn in which an event arrives. Costs no system call.
  struct Turns {
    int64_t busy_ms = 0;
    int64_t square_ms2 = 0;  // the sum of the squares of the turns' lengths
    int64_t wait_ms() const { return busy_ms == 0 ? 0 : square_ms2 / busy_ms; }
  };
  const Turns& turns() const { return turns_; }
  // Sets a callback that is called with the milliseconds of each turn, or round of a turn. It may
  // be called while an event is handled, and so must not touch what handles events.
  void SetOnMeasured(std::function<void(int64_t)> on_measured) {
    on_measured_ = std::move(on_measured);
  }
  void ResetTurns() { turns_ = {}; }

  int64_t now_ms() const { return static_cast<int64_t>(uv_now(&uv_loop_.loop)); }
  // The coarse timers (base/timer_wheel.h): cheap to move, at most one tick late.
  base::TimerWheel& timers() { return wheel_; }
  BufferPool& buffers() { return buffers_; }
  // Returns how much may be buffered where `usual` bytes may be if there is enough memory.
  size_t BufferLimit(size_t usual) const { return usual * buffer_share_ / 1000; }
  // Sets the share of their usual size that buffers may have, in thousandths.
  void SetBufferShare(uint32_t share) { buffer_share_ = share; }
  // Sets a callback that is called when streams have read another kManyBytes.
  static constexpr size_t kManyBytes = 1024 * 1024;
  void SetOnManyRead(std::function<void()> on_many_read) {
    on_many_read_ = std::move(on_many_read);
  }
  // Called by streams.
  void CountRead(size_t bytes) {
    NoteEvent();
    read_bytes_ += bytes;
    if (read_bytes_ < kManyBytes) return;
    read_bytes_ = 0;
    if (on_many_read_) on_many_read_();
  }
  // Called by those who handle events. While very many are ready, libuv polls again within a turn,
  // up to 48 times; each such round is measured as if it was a turn.
  void NoteEvent() {
    if (round_began_ms_ != now_ms()) BeginRound();
  }
  base::BlockPool& blocks() { return blocks_; }

  // Scratch buffers, valid until the current callback returns.
  std::span<char> read_buffer() { return {read_buffer_.get(), BufferLimit(kReadBufferBytes)}; }
  std::span<char> plaintext_buffer() { return {plaintext_buffer_.get(), kReadBufferBytes}; }

  uv_loop_t* uv() { return &loop_; }

 private:
  static constexpr int64_t kNotBegun = -1;

  using Deferred = std::unique_ptr<void, void (*)(void*)>;

  friend class DeferredCall;

  void BeginRound();
  void EndRound();
  void Enqueue(DeferredCall& call, DeferredCall::When when);
  // Runs the calls that are in `calls` now. Calls that these schedule run the next time.
  static void RunCalls(base::ListLink& calls);
  void RunPosted();
  void EndTurn();  // runs deferred calls and deletions until none is left
  void BeginPoll();
  void EndPoll();
  void ArmTick();  // arms tick_ for the wheel's next deadline

  struct UvLoop {
    uv_loop_t loop;
    UvLoop();
  };
  UvLoop uv_loop_;
  uv_loop_t& loop_ = uv_loop_.loop;
  uv_async_t wakeup_;
  uv_prepare_t prepare_;
  uv_check_t check_;
  uv_timer_t tick_;
  std::optional<int64_t> tick_at_;  // the time tick_ is armed for
  base::BlockPool blocks_;          // outlives what is deleted late
  base::TimerWheel wheel_;
  BufferPool buffers_;
  std::unique_ptr<char[]> read_buffer_;
  std::unique_ptr<char[]> plaintext_buffer_;
  std::vector<Deferred> deferred_deletes_;
  base::ListLink turn_end_;   // DeferredCall::When::kTurnEnd
  base::ListLink next_turn_;  // kNextTurn
  // kAfterTurn: calls scheduled since the last poll, and calls for which one poll has ended. The
  // callbacks of closed handles run between these two states.
  base::ListLink after_turn_;
  base::ListLink turn_is_over_;
  std::function<void()> on_turn_end_;
  Turns turns_;
  int64_t round_began_ms_ = kNotBegun;  // when the poll returned
  std::function<void(int64_t)> on_measured_;
  std::function<void()> on_many_read_;
  size_t read_bytes_ = 0;  // since it was called
  uint32_t buffer_share_ = 1000;

  std::mutex mutex_;  // guards what follows
  std::vector<Task> posted_;
};

}  // namespace mantlet::io

#endif  // MANTLET_PROXY_IO_LOOP_H_
