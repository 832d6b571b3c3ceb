// The connections of one worker to one upstream: idle ones for reuse (the most
// recently used first, so that the rest can expire), new ones up to a limit, and
// a bounded queue of exchanges that wait.
//
// A connection is given up because it has not been used for a while, never because
// many came back at once: with steady load of any size none is closed and opened anew.
//
// One loop's thread only. Shared: a lease keeps the pool it is of alive when a reload
// replaces it.

#ifndef MANTLET_PROXY_UPSTREAM_POOL_H_
#define MANTLET_PROXY_UPSTREAM_POOL_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "proxy/base/proxy_error.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/io/deferred_call.h"
#include "proxy/io/loop.h"
#include "proxy/observe/metrics_shard.h"
#include "proxy/upstream/connection.h"
#include "proxy/upstream/connector.h"
#include "proxy/upstream/lease.h"
#include "proxy/upstream/target.h"

namespace mantlet::upstream {

class Pool final : public std::enable_shared_from_this<Pool>, private Connection::Keeper {
 public:
  // A request that is not repeatable gets no connection that has been idle for longer: no
  // server that is known to us closes one after so little time.
  static constexpr int64_t kFreshMs = 1000;
  // Idle connections beyond pool.idle_connections are closed after this.
  static constexpr int64_t kSurplusMs = 500;
  // What an upstream says about how long it keeps a connection is kept clear of by this: the
  // announcement is in whole seconds, and its clock began before ours.
  static constexpr int64_t kAnnouncedMarginMs = 1000;
  // One of several addresses that does not answer has a part of timeouts.connect, and not less
  // than this, before the next one is tried.
  static constexpr int64_t kLeastAddressMs = 250;
  // How often a Unix socket whose queue is full is asked again.
  static constexpr int64_t kRetryMs = 10;

  // Somebody who waits for a connection; gets exactly one of the two calls,
  // never from inside Wait(). Its destruction ends the wait.
  class Waiter {
   public:
    virtual void OnConnection(Lease lease) = 0;
    virtual void OnNoConnection(base::ProxyError error) = 0;

   protected:
    ~Waiter() {
      if (pool_ != nullptr) pool_->CancelWait(this);
    }

   private:
    friend class Pool;
    Pool* pool_ = nullptr;  // while it waits
    int64_t deadline_ms_ = 0;
    bool repeatable_ = true;
  };

  // Made with std::make_shared. `loop`, `connector` and `metrics` outlive it.
  Pool(io::Loop& loop, Connector& connector, TargetPtr target, observe::UpstreamMetrics& metrics);
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

  // Whether a request can be sent once more if the connection ends before it is answered
  // (RFC 9110 section 9.2.2), as far as the pool has to know.
  enum class Request { kRepeatable, kOnce };

  // An idle connection, or an empty lease. The upstream may close it at any moment, also while the
  // request is on its way: kOnce gets one that has been used just now (kFreshMs) and on which
  // no end has arrived, which costs a system call to know.
  Lease TakeIdle(Request request);
  // False if the queue is full. Use after TakeIdle() gave nothing. How long it may last: for a
  // place among pool.connections, timeouts.queue; once there is one, timeouts.connect. A connection
  // that another exchange returns is passed on under the same rule as in TakeIdle().
  bool Wait(Waiter* waiter, Request request = Request::kOnce);
  void CancelWait(Waiter* waiter);
  // A reload replaced this pool, or the worker drains: nothing is kept any more.
  void Retire();

  size_t idle() const { return idle_.size(); }

 private:
  friend class Lease;
  struct Attempt;

  // Connection::Keeper
  void OnIdleLost(Connection* connection) override { DropIdle(connection); }

  size_t total() const { return active_ + idle_.size() + attempts_.size(); }
  // Attempts that somebody waits for. The first so many waiters will get what comes of them.
  size_t wanted_attempts() const { return attempts_.size() - orphans_; }
  void ConnectIfNeeded();
  bool MakeRoom();
  void StartAttempt();
  void Dial(Attempt& attempt);
  int64_t AddressMs(size_t addresses) const;
  void LeaveSilentAddress(Attempt& attempt);
  bool TryNextAddress(Attempt& attempt);
  void OnOutcome(Attempt* attempt, Connector::Outcome outcome);
  void OnConnected(Attempt* attempt, std::unique_ptr<io::ByteStream> stream);
  void OnAttemptTimeout(Attempt* attempt);
  void FailAttempt(Attempt* attempt, base::ProxyError error);
  void Finish(Attempt* attempt);
  // What a lease gives back, or a new connection.
  void Return(std::unique_ptr<Connection> connection);
  // To the first waiter.
  void HandOut(std::unique_ptr<Connection> connection);
  Lease MakeLease(std::unique_ptr<Connection> connection);
  Waiter* TakeWaiter(size_t index);
  void Disown();
  void WatchQueue();
  void ExpireOne();
  void Discard(std::unique_ptr<Connection> connection);
  void DropIdle(Connection* connection);
  int64_t IdleLimitMs(const Connection& connection) const;
  void ExpireIdle();
  bool StillHas(const io::SocketAddress& address) const;
  void RefuseUnresolved();
  void ReportUnreachable();

  io::Loop& loop_;
  Connector& connector_;
  TargetPtr target_;
  observe::UpstreamMetrics& metrics_;
  std::vector<std::unique_ptr<Connection>> idle_;  // in the order in which they were returned
  std::list<std::unique_ptr<Attempt>> attempts_;   // the oldest first
  size_t orphans_ = 0;                             // of the attempts
  std::deque<Waiter*> waiters_;                    // the one that waits longest first
  std::function<void()> on_unreachable_;
  int64_t unreachable_since_ms_ = 0;  // when it was last called; 0: never
  base::FunctionTimer refuse_timer_;  // not from inside Wait()
  bool* gone_ = nullptr;              // set to true by the destructor
  size_t active_ = 0;
  bool retired_ = false;
  base::FunctionTimer idle_timer_;   // when the next idle connection may be due
  base::FunctionTimer queue_timer_;  // when the next waiter may be
  io::DeferredCall expire_;          // one waiter: who hears of it may let go of this pool
};

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_POOL_H_
