#include "proxy/server/background_thread.h"

#include <pthread.h>

#include <chrono>
#include <utility>

#include "proxy/server/time_slice.h"

namespace mantlet::server {
namespace {

// A third of a worker's share of a processor. With less, a busy processor would starve a reload.
constexpr int kNice = 5;

}  // namespace

BackgroundThread::BackgroundThread(io::Loop& loop, base::Cancellation& cancellation,
                                   const char* name)
    : loop_(loop), cancellation_(cancellation), thread_([this, name] { Work(name); }) {}

BackgroundThread::~BackgroundThread() {
  *alive_ = false;
  EndsWithin(0);
  thread_.join();
}

void BackgroundThread::Work(const char* name) {
  pthread_setname_np(pthread_self(), name);
  // Workers and the loop of the owner come first, where they compete for a processor.
  BecomeNicer(kNice);
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
    if (cancellation_.cancelled() || ending_) break;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    std::move(job.work)();
    job.work = nullptr;  // what it owns is destroyed here, not on the loop
    loop_.Post([this, alive = alive_, done = std::move(job.done)]() mutable {
      if (*alive && !cancellation_.cancelled()) std::move(done)();
    });
    lock.lock();
  }
  ended_ = true;
  changed_.notify_all();
}

void BackgroundThread::Run(Task work, Task done) {
  if (cancellation_.cancelled()) return;
  const std::lock_guard lock(mutex_);
  jobs_.push_back({std::move(work), std::move(done)});
  changed_.notify_all();
}

bool BackgroundThread::CallOnLoop(Task task) {
  auto call = std::make_shared<Call>();
  call->task = std::move(task);
  loop_.Post([this, alive = alive_, call] {
    if (*alive) Answer(*call);
  });
  std::unique_lock lock(mutex_);
  // The loop may have stopped without an answer; then ending_ is set on its thread, so that no task
  // can be running.
  changed_.wait(lock, [&] { return ending_ || call->state != Call::State::kWaiting; });
  return call->state == Call::State::kDone;
}

// The work waits, so the task may use its variables.
void BackgroundThread::Answer(Call& call) {
  const bool refused = cancellation_.cancelled();
  if (!refused) std::move(call.task)();
  const std::lock_guard lock(mutex_);
  call.state = refused ? Call::State::kRefused : Call::State::kDone;
  changed_.notify_all();
}

void BackgroundThread::Cancel() {
  cancellation_.Cancel();
  const std::lock_guard lock(mutex_);
  jobs_.clear();
}

bool BackgroundThread::EndsWithin(int64_t milliseconds) {
  Cancel();
  std::unique_lock lock(mutex_);
  ending_ = true;
  changed_.notify_all();
  return changed_.wait_for(lock, std::chrono::milliseconds(milliseconds),
                           [this] { return ended_; });
}

}  // namespace mantlet::server
