// The connections of one worker to one upstream: idle ones for reuse (the most
// recently used first, so that the rest can expire), new ones up to a limit, and
// a bounded queue of exchanges that wait.
//
// One loop's thread only. Shared: exchanges keep the pool they began with alive
// when a reload replaces it.

#ifndef MANTLET_PROXY_UPSTREAM_POOL_H_
#define MANTLET_PROXY_UPSTREAM_POOL_H_

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "proxy/base/proxy_error.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/io/loop.h"
#include "proxy/io/stream.h"
#include "proxy/observe/metrics_shard.h"
#include "proxy/upstream/connection.h"
#include "proxy/upstream/target.h"

namespace mantlet::upstream {

class Pool {
 public:
  // Somebody who waits for a connection; gets exactly one of the two calls,
  // never from inside Wait().
  class Waiter {
   public:
    virtual void OnConnection(std::unique_ptr<Connection> connection) = 0;
    virtual void OnNoConnection(base::ProxyError error) = 0;

   protected:
    ~Waiter() = default;
  };

  Pool(io::Loop& loop, TargetPtr target, observe::UpstreamMetrics& metrics);
  ~Pool();
  Pool(const Pool&) = delete;

  const Target& target() const { return *target_; }
  // The same upstream with other addresses. Connections to those that it still has are
  // kept, requests under way on the others are brought to their end.
  void SetTarget(TargetPtr target);
  // Called, once a second at most, when a connection could be opened to none of the
  // addresses of an upstream that has a name.
  void SetOnUnreachable(std::function<void()> on_unreachable) {
    on_unreachable_ = std::move(on_unreachable);
  }

  // An idle connection, or null.
  std::unique_ptr<Connection> TakeIdle();
  // False if the queue is full. Use after TakeIdle() gave nothing.
  bool Wait(Waiter* waiter);
  void CancelWait(Waiter* waiter);
  // Gives back what TakeIdle() or OnConnection() handed out. Kept only if its
  // last exchange ended cleanly and `reusable`.
  void Return(std::unique_ptr<Connection> connection, bool reusable);
  // A connection became a tunnel: its slot stays taken until TunnelEnded().
  void TunnelEnded();

  // A reload replaced this pool, or the worker drains: nothing is kept any more.
  void Retire();

  size_t idle() const { return idle_.size(); }

 private:
  struct Attempt;

  size_t total() const { return active_ + idle_.size() + attempts_.size(); }
  void ConnectIfNeeded();
  void StartAttempt();
  void Dial(Attempt& attempt);
  void OnConnected(Attempt* attempt, const io::StreamError* error);
  void OnAttemptTimeout(Attempt* attempt);
  void FailAttempt(Attempt* attempt, base::ProxyError error);
  std::unique_ptr<io::Stream> Finish(Attempt* attempt);
  void HandOut(std::unique_ptr<Connection> connection);
  void DropIdle(Connection* connection);
  bool StillHas(const io::SocketAddress& address) const;
  void RefuseUnresolved();

  io::Loop& loop_;
  TargetPtr target_;
  observe::UpstreamMetrics& metrics_;
  std::vector<std::unique_ptr<Connection>> idle_;  // the last one is the freshest
  std::list<std::unique_ptr<Attempt>> attempts_;
  std::deque<Waiter*> waiters_;
  std::function<void()> on_unreachable_;
  int64_t unreachable_since_ms_ = 0;  // when it was last called; 0: never
  base::FunctionTimer refuse_timer_;  // not from inside Wait()
  bool* gone_ = nullptr;              // set to true by the destructor
  size_t active_ = 0;
  bool retired_ = false;
};

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_POOL_H_
