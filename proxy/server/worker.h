// Worker is one event loop on a thread of its own, with its listening sockets, its upstream pools
// and its connections. Workers share nothing while they serve requests.
//
// Threading: the public methods may be called from the main thread; each posts a task to the
// worker's loop and returns. Callbacks that the caller passes run on the worker's thread.

#ifndef MANTLET_PROXY_SERVER_WORKER_H_
#define MANTLET_PROXY_SERVER_WORKER_H_

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "proxy/base/clock.h"
#include "proxy/base/log.h"
#include "proxy/base/log_budget.h"
#include "proxy/io/listener.h"
#include "proxy/io/loop.h"
#include "proxy/observe/access_log.h"
#include "proxy/observe/metrics_shard.h"
#include "proxy/server/heap_trim.h"
#include "proxy/server/memory_guard.h"
#include "proxy/server/snapshot.h"
#include "proxy/session/connection.h"
#include "proxy/session/protocol_table.h"
#include "proxy/session/revalidation_schedule.h"
#include "proxy/upstream/circuits.h"
#include "proxy/upstream/socket_connector.h"
#include "proxy/verify/client_verdict_cache.h"

namespace mantlet::server {

// ConnectionSummary is a connection in the form that the admin endpoint shows.
struct ConnectionSummary {
  std::string listener, peer, state, protocol, tls_version, subject, spiffe_id;
  size_t streams = 0;  // requests in flight
  uint64_t requests = 0;
  int64_t opened_wall_ms = 0;
};

class Worker final : private session::Connection::Observer {
 public:
  // All arguments must outlive the worker. The constructor starts the thread.
  Worker(const base::Clock& clock, base::Logger& logger, observe::MetricsShard& metrics,
         observe::AccessLogSink& access_log, base::LogFormat log_format,
         base::MemoryBudget& memory);
  ~Worker();  // stops and joins the thread

  // Puts `snapshot` into use. `new_sockets` replace all sockets of their listeners; listeners that
  // `snapshot` does not have are closed. Open connections stay open.
  using Sockets = std::map<std::string, std::vector<io::FileDescriptor>>;
  void Apply(SnapshotPtr snapshot, Sockets new_sockets);

  // Passes new addresses to the pool of an upstream; does nothing if that is no longer in use.
  void UpdateTarget(upstream::TargetPtr target);
  // Passes the addresses of an upstream that fail their health checks to its pools; does nothing if
  // the upstream is not in use.
  void SetUnhealthy(const std::string& upstream, std::vector<io::SocketAddress> addresses);
  // Sets a function that is called on the worker's thread, with the name of an upstream, when none
  // of its addresses can be reached. Must be called before the first Apply().
  void SetOnUnreachable(std::function<void(const std::string&)> report) {
    on_unreachable_ = std::move(report);
  }

  // Sets a function that is called on the worker's thread when a circuit of an upstream has opened
  // or closed. Must be called before the first Apply().
  using CircuitReport = std::function<void(const std::string&, const upstream::Circuits::Change&)>;
  void SetOnCircuitChange(CircuitReport report) { on_circuit_change_ = std::move(report); }

  // Sets how many processors this worker may use, by which it judges whether it is overloaded.
  void SetProcessors(double processors) {
    loop_.Post([this, processors] { context_.shedder.SetProcessors(processors); });
  }

  // Stops listening and ends idle connections now, others after their response. `on_empty` is
  // called when no connection is left. From the sockets of the listeners `taken_over`, another
  // process accepts from now on.
  void Drain(std::function<void()> on_empty, std::set<std::string> taken_over = {});
  // Ends every connection now, at the deadline of the drain.
  void Cut();
  // Calls `done` with another descriptor of each listening socket, by listener name; one that could
  // not be made is empty.
  void DuplicateSockets(std::function<void(Sockets)> done);
  // Calls `done` with up to `limit` connections.
  void Summarize(size_t limit, std::function<void(std::vector<ConnectionSummary>)> done);
  // Calls `done` from the loop, which shows that the loop is alive.
  void Ping(std::function<void()> done) { loop_.Post(std::move(done)); }

 private:
  static constexpr int64_t kAcceptRecordPeriodMs = 10'000;
  // Two records for each time of overload.
  static constexpr uint32_t kOverloadRecords = 6;
  static constexpr int64_t kOverloadRecordPeriodMs = 60'000;

  // Which open connections of a listener must be validated again after a change of its rules.
  enum class RevalidationScope { kNone, kTunnels, kAll };
  using RevalidationScopes = std::map<const session::ListenerSlot*, RevalidationScope>;

  struct Listening {
    std::shared_ptr<session::ListenerSlot> slot = std::make_shared<session::ListenerSlot>();
    std::vector<std::unique_ptr<io::Listener>> sockets;  // several if systemd passed them
    bool shared = false;  // another process accepts, or will accept, from the sockets
  };
  using Listeners = std::map<std::string, Listening>;
  // By the upstream's name and protocol; those of `protocol: match` have two.
  using PoolKey = std::pair<std::string, upstream::Pool::Protocol>;
  using Pools = std::map<PoolKey, std::shared_ptr<upstream::Pool>>;

  void OnConnectionClosed(session::Connection* connection) override;

  void FreeUnused();
  std::vector<session::Connection*> AllConnections() const;

  void ApplyOnLoop(const Snapshot& snapshot, Sockets new_sockets);
  RevalidationScope AdoptListener(const ListenerSnapshot& listener, Listening& listening);
  void ReplaceSockets(const ListenerSnapshot& listener, std::vector<io::FileDescriptor> sockets,
                      Listening& listening);
  void CloseRemoved(Listeners& removed, RevalidationScopes& scopes);
  void ScheduleRevalidation(const RevalidationScopes& scopes);
  void ShutdownUnusedPools(const Pools& old_pools);
  std::shared_ptr<upstream::Circuits> CircuitsOf(const std::string& upstream);
  std::shared_ptr<upstream::Pool> PoolFor(const upstream::TargetPtr& target,
                                          upstream::Pool::Protocol protocol);
  std::shared_ptr<const session::ListenerState> StateFor(const ListenerSnapshot& listener);
  std::unique_ptr<io::Listener> Listen(const std::string& name,
                                       const std::shared_ptr<session::ListenerSlot>& slot,
                                       io::FileDescriptor socket);
  // Returns whether the connection is served.
  bool Accept(const std::shared_ptr<session::ListenerSlot>& slot, io::FileDescriptor fd,
              const io::SocketAddress& peer);
  void CloseListener(Listening& listening);
  void CloseDrainedSockets();
  void ReportIfEmpty();
  void CutOnLoop();
  void CheckOverload(int64_t turn_ms);
  void RecordQueue(const std::string& upstream, bool standing, int64_t target_ms);

  observe::MetricsShard& metrics_;
  base::Logger& logger_;
  io::Loop loop_;
  observe::AccessLogWriter access_log_;
  base::LogBudget client_log_budget_;
  base::LogBudget accept_log_budget_{1, kAcceptRecordPeriodMs};
  base::LogBudget overload_log_budget_{kOverloadRecords, kOverloadRecordPeriodMs};
  session::RevalidationSchedule revalidation_;
  verify::ClientVerdictCache client_verdicts_;  // of all listeners
  session::WorkerContext context_;
  upstream::SocketConnector connector_{loop_};
  Listeners listeners_;
  // The sockets of closed listeners, which accept no new connection.
  std::vector<std::unique_ptr<io::Listener>> closing_;
  base::FunctionTimer closing_timer_{[this] { CloseDrainedSockets(); }};
  std::map<std::string, std::shared_ptr<upstream::Circuits>> circuits_;  // by upstream name
  Pools pools_;
  absl::flat_hash_map<session::Connection*, std::unique_ptr<session::Connection>> connections_;
  HeapTrim heap_trim_;
  MemoryGuard memory_guard_;
  // Gives an overloaded worker turns: one that has become idle must not stay overloaded.
  base::FunctionTimer overload_timer_{[] {}};
  bool stopped_ = false;  // the loop has ended, and its connections with it
  std::function<void()> on_empty_;
  std::function<void(const std::string&)> on_unreachable_;
  CircuitReport on_circuit_change_;
  std::thread thread_;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_WORKER_H_
