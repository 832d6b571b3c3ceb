// Pool manages the connections of one worker to one upstream. It keeps idle connections for reuse
// (the most recently used first, so that the others can expire), opens new ones up to a limit, and
// queues a limited number of exchanges that wait for a connection.
//
// A connection is closed because it was not used for a while, never because many were returned at
// the same time: under steady load of any size no connection is closed and opened again.
//
// A pool speaks one protocol. Over HTTP/1 each connection carries one request at a time; over
// HTTP/2 it has many slots (MultiplexedConnections), and another one is opened when all are in use.
//
// One loop's thread only. A pool is shared: a lease keeps its pool alive when a reload replaces it.

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
#include "proxy/http2/session_memory.h"
#include "proxy/io/deferred_call.h"
#include "proxy/io/loop.h"
#include "proxy/observe/metrics_shard.h"
#include "proxy/upstream/circuits.h"
#include "proxy/upstream/connection.h"
#include "proxy/upstream/connection_attempt.h"
#include "proxy/upstream/connector.h"
#include "proxy/upstream/lease.h"
#include "proxy/upstream/multiplexed_connections.h"
#include "proxy/upstream/queue_delay.h"
#include "proxy/upstream/retry_budget.h"
#include "proxy/upstream/target.h"

namespace mantlet::upstream {

class Pool final : public std::enable_shared_from_this<Pool>,
                   private Connection::Observer,
                   private ConnectionAttempt::Owner,
                   private Circuits::Observer,
                   private MultiplexedConnections::Observer {
 public:
  enum class Protocol : uint8_t { kHttp1, kH2c };

  // A request that is not repeatable is never sent over a connection that has been idle for longer
  // than this. No server known to us closes a connection after so little time.
  static constexpr int64_t kFreshMs = 1000;
  // Idle connections beyond pool.idle_connections are closed after this.
  static constexpr int64_t kSurplusMs = 500;
  // Safety margin for the idle timeout that an upstream announces: it is given in whole seconds,
  // and the upstream's clock started before ours.
  static constexpr int64_t kAnnouncedMarginMs = 1000;
  // The interval between attempts to connect to a Unix socket whose listen queue is full. Of all
  // attempts of a pool, one is made at a time.
  static constexpr int64_t kRetryMs = 10;

  // LeaseHandler waits for a connection. Exactly one of its two methods is called, never from
  // inside Wait(). Destroying the waiter cancels the wait.
  class LeaseHandler {
   public:
    virtual void OnConnection(Lease lease) = 0;
    virtual void OnNoConnection(base::ProxyError error) = 0;

   protected:
    ~LeaseHandler() {
      if (pool_ != nullptr) pool_->CancelWait(this);
    }

   private:
    friend class Pool;
    Pool* pool_ = nullptr;   // set while it waits
    int64_t queued_ms_ = 0;  // when it began to wait
    bool repeatable_ = true;
    bool another_ = false;
  };

  // Create it with std::make_shared. `loop`, `connector` and `metrics` must outlive it. With
  // `memory`, which all HTTP/2 sessions of the loop share, the upstream speaks HTTP/2; without,
  // HTTP/1.1. `circuits` are those of the upstream, which its pools share; null: the pool has its
  // own.
  Pool(io::Loop& loop, Connector& connector, TargetPtr target, observe::UpstreamMetrics& metrics,
       std::shared_ptr<http2::SessionMemory> memory = nullptr,
       std::shared_ptr<Circuits> circuits = nullptr);
  ~Pool();
  Pool(const Pool&) = delete;

  const Target& target() const { return *target_; }
  Protocol protocol() const { return multiplexed_ == nullptr ? Protocol::kHttp1 : Protocol::kH2c; }
  // Replaces the addresses of the upstream. Idle connections to addresses that remain are kept, the
  // others are closed; requests in flight are completed on any address.
  void SetTarget(TargetPtr target);
  // Sets a callback that is called, at most once per second, when no address of an upstream with a
  // host name accepts a connection.
  void SetOnUnreachable(std::function<void()> on_unreachable) {
    on_unreachable_ = std::move(on_unreachable);
  }

  // Sets a callback for when the queue for a connection stops to drain (`standing`) and when it
  // drains again. `target_ms` is how long a request may wait meanwhile.
  using QueueReport = std::function<void(bool standing, int64_t target_ms)>;
  void SetOnQueueChange(QueueReport report) { on_queue_change_ = std::move(report); }

  // Whether the request can be sent again if its connection ends before the response (RFC 9110
  // section 9.2.2).
  enum class Request { kRepeatable, kOnce };

  // Returns an idle connection, or an empty lease if there is none. The upstream may close such a
  // connection at any moment, even while the request is in flight. So kOnce gets only a connection
  // that was used less than kFreshMs ago and whose end has not arrived; that check costs one system
  // call.
  Lease TakeIdle(Request request);
  // Queues `waiter` for a connection and returns true, or returns false if the queue is full. Call
  // it after TakeIdle() has returned an empty lease. The wait is limited by timeouts.queue until
  // there is room in pool.connections, then by timeouts.connect. A connection that another exchange
  // returns is passed on under the same rule as in TakeIdle().
  // `another` is for a request that failed on a connection which may still have slots: it waits for
  // a new one, unless pool.connections are open already.
  bool Wait(LeaseHandler* waiter, Request request = Request::kOnce, bool another = false);
  void CancelWait(LeaseHandler* waiter);
  // A reload has replaced this pool, or the worker drains. No idle connection is kept from now on.
  void Shutdown();

  // CountRequest() counts a request for the retry budget. TryRetry() returns whether the budget
  // permits to send a request again, and counts it if so.
  void CountRequest() { retry_budget_.CountRequest(loop_.now_ms()); }
  bool TryRetry() { return retry_budget_.TryAcquire(loop_.now_ms()); }

  // Returns the number of connections without a request.
  size_t idle() const { return multiplexed_ == nullptr ? idle_.size() : multiplexed_->idle(); }
  // Replaces the times of later HTTP/2 connections, for tests.
  void SetLiveness(const Liveness& liveness) { multiplexed_->SetLiveness(liveness); }

 private:
  friend class Lease;

  // Connection::Observer
  void OnIdleLost(Connection* connection) override { DropIdle(connection); }

  // ConnectionAttempt::Owner
  void OnConnected(ConnectionAttempt* attempt, std::unique_ptr<io::ByteStream> stream,
                   const io::SocketAddress& address) override;
  void OnFailed(ConnectionAttempt* attempt, base::ProxyError error) override;
  void OnQueueFull() override;
  const TargetPtr& CurrentTarget() const override { return target_; }

  // Circuits::Observer
  void OnCircuitClosed() override { reconsider_.Schedule(); }
  void OnTrialFailed() override { ReportUnreachable(); }
  void OnHealthChanged() override { DropStrays(); }

  // MultiplexedConnections::Observer
  void OnSlots() override { ServeWaiters(Slots::kAny); }

  // The number of connections with requests; over HTTP/2, of all.
  size_t in_use() const { return multiplexed_ == nullptr ? active_ : multiplexed_->size(); }
  size_t total() const { return in_use() + idle_.size() + attempts_.size(); }
  // The number of attempts that have a waiter: the first waiters, in order.
  size_t wanted_attempts() const { return attempts_.size() - orphans_; }
  // The number of waiters that one new connection can serve,
  size_t waiters_per_attempt() const { return multiplexed_ == nullptr ? 1 : multiplexed_->slots(); }
  // and that the attempts in progress can.
  size_t expected() const { return wanted_attempts() * waiters_per_attempt(); }
  void ConnectIfNeeded();
  bool MakeRoom();
  void StartAttempt();
  void DialHeld();
  void FailWaiters(size_t count, const base::ProxyError& error);
  void Finish(ConnectionAttempt* attempt);
  // Accepts a connection that a lease returns, or a new one.
  void Return(std::unique_ptr<Connection> connection);
  // Gives free slots of HTTP/2 connections to waiters, and connects for the others. kNew: the
  // newest connection is the one that those with `another` wait for. kLast: there will be no other.
  enum class Slots { kAny, kNew, kLast };
  void ServeWaiters(Slots slots);
  // Passes the connection to the first waiter.
  void HandOut(std::unique_ptr<Connection> connection);
  Lease MakeLease(std::unique_ptr<Connection> connection);
  LeaseHandler* TakeWaiter(size_t index);
  void Disown();
  int64_t QueueTargetMs() const;
  int64_t WaitLimitMs() const;
  base::ProxyError QueueError() const;
  void CountServed(int64_t waited_ms);
  void CountFree();
  void ReportQueue();
  void ShedWaiters();
  int64_t now_ms() const { return loop_.now_ms(); }
  void CountUse(int64_t began_ms) { delay_.OnUsed(loop_.now_ms() - began_ms); }
  void WatchQueue();
  void ExpireOne();
  void Discard(std::unique_ptr<Connection> connection);
  void DropIdle(Connection* connection);
  int64_t IdleLimitMs(const Connection& connection) const;
  void ExpireIdle();
  void DropStrays();
  bool IsUsable(const io::SocketAddress& address) const;
  void RefuseUnresolved();
  void Reconsider();
  void ReportUnreachable();

  io::Loop& loop_;
  Connector& connector_;
  TargetPtr target_;
  observe::UpstreamMetrics& metrics_;
  const std::shared_ptr<Circuits> circuits_;
  std::vector<std::unique_ptr<Connection>> idle_;           // in the order of their return
  std::list<std::unique_ptr<ConnectionAttempt>> attempts_;  // the oldest first
  size_t orphans_ = 0;                                      // attempts without a waiter
  std::deque<LeaseHandler*> waiters_;                       // the one that has waited longest first
  std::function<void()> on_unreachable_;
  int64_t unreachable_since_ms_ = 0;  // time of the last call of on_unreachable_; 0 if none
  base::FunctionTimer refuse_timer_;  // defers RefuseUnresolved() out of Wait()
  base::FunctionTimer redial_timer_;  // the next try after a full listen queue
  bool* gone_ = nullptr;              // set to true by the destructor
  size_t active_ = 0;
  RetryBudget retry_budget_;
  QueueDelay delay_;
  bool queue_reported_ = false;  // as standing
  QueueReport on_queue_change_;
  bool shut_down_ = false;
  base::FunctionTimer idle_timer_;                       // when the next idle connection may expire
  base::FunctionTimer queue_timer_;                      // when the next waiter may expire
  std::unique_ptr<MultiplexedConnections> multiplexed_;  // null for HTTP/1
  io::DeferredCall serve_;                               // ServeWaiters() out of Wait()
  io::DeferredCall reconsider_;                          // Reconsider() out of Wait()
  io::DeferredCall
      expire_;  // expires one waiter per call, because its handler may release this pool
};

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_POOL_H_
