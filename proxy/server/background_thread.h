// BackgroundThread runs work that may take long or block, such as reading files, on its own thread,
// one piece after the other, so that the loop of its owner goes on.
//
// Threading: Run(), Cancel() and EndsWithin() belong to the loop's thread, CallOnLoop() to the
// work. The work and the loop share nothing but what they pass to each other, and the objects that
// their own comments permit to both.

#ifndef MANTLET_PROXY_SERVER_BACKGROUND_THREAD_H_
#define MANTLET_PROXY_SERVER_BACKGROUND_THREAD_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "absl/functional/any_invocable.h"
#include "proxy/base/cancellation.h"
#include "proxy/io/loop.h"

namespace mantlet::server {

class BackgroundThread {
 public:
  using Task = absl::AnyInvocable<void() &&>;

  // Starts the thread. The references must outlive it. `name` is for ps(1): at most 15 characters.
  BackgroundThread(io::Loop& loop, base::Cancellation& cancellation, const char* name);
  // Cancels, and waits for the work in progress.
  ~BackgroundThread();
  BackgroundThread(const BackgroundThread&) = delete;

  // Runs `work` on the thread when all earlier work is done, then `done` on the loop. After
  // Cancel(), neither is called.
  void Run(Task work, Task done);

  // Called by the work: runs `task` on the loop and waits for its end. Returns false, and has not
  // run it, after Cancel().
  bool CallOnLoop(Task task);

  // Ends the thread: no work begins any more, and the work in progress finds that the cancellation
  // is set. Does not wait for it.
  void Cancel();
  // Cancels, and returns whether the thread ends within that time. If not, its work is blocked by
  // the system (a file system that does not respond), and the destructor would be, too.
  bool EndsWithin(int64_t milliseconds);

 private:
  struct Job {
    Task work;
    Task done;
  };
  // A task that the work waits for.
  struct Call {
    enum class State { kWaiting, kDone, kRefused };
    State state = State::kWaiting;  // guarded by mutex_
    Task task;                      // used by the loop only
  };

  void Work(const char* name);
  void Answer(Call& call);

  io::Loop& loop_;
  base::Cancellation& cancellation_;
  // Set until the destructor; the tasks that were posted to the loop may outlive this object.
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // used by the loop only
  std::mutex mutex_;                                                  // guards what follows
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool ending_ = false;
  bool ended_ = false;
  std::thread thread_;  // the last member: it uses all others
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_BACKGROUND_THREAD_H_
