// Server is the whole daemon. It constructs every part, connects the parts, and ends them in order.
// It is the composition root; nothing else constructs a class of another package.
//
// The thread that constructs it is the main thread. Signals, reload, the metrics and admin
// endpoints and the drain run on its loop. Workers have their own loops (server/worker.h).

#ifndef MANTLET_PROXY_SERVER_SERVER_H_
#define MANTLET_PROXY_SERVER_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "certs/file_reader.h"
#include "config/config.h"
#include "config/environment.h"
#include "proxy/base/cancellation.h"
#include "proxy/base/clock.h"
#include "proxy/base/log.h"
#include "proxy/base/log_budget.h"
#include "proxy/base/memory_budget.h"
#include "proxy/base/resident_memory.h"
#include "proxy/io/loop.h"
#include "proxy/io/name_lookup.h"
#include "proxy/io/signals.h"
#include "proxy/observe/access_log_sink.h"
#include "proxy/observe/metrics.h"
#include "proxy/server/background_thread.h"
#include "proxy/server/circuit_board.h"
#include "proxy/server/confinement.h"
#include "proxy/server/drain.h"
#include "proxy/server/endpoint_server.h"
#include "proxy/server/health_checks.h"
#include "proxy/server/key_memory_warning.h"
#include "proxy/server/listener_binder.h"
#include "proxy/server/loader.h"
#include "proxy/server/probe_forwarding.h"
#include "proxy/server/reload_controller.h"
#include "proxy/server/retired_snapshots.h"
#include "proxy/server/snapshot.h"
#include "proxy/server/status_board.h"
#include "proxy/server/systemd_notify.h"
#include "proxy/server/upgrade.h"
#include "proxy/server/upstream_resolver.h"
#include "proxy/server/watchdog.h"
#include "proxy/server/worker.h"
#include "proxy/upstream/socket_connector.h"

namespace mantlet::server {

class Server {
 public:
  // `config` was loaded from its file with `environment`, which reloads use again. `logger` writes
  // to `log_sink`; the server retries writes for which the reader was too slow.
  Server(config::Config config, config::Environment environment, base::Logger& logger,
         observe::AccessLogSink& log_sink, std::vector<InheritedSocket> inherited);
  ~Server();
  Server(const Server&) = delete;

  // Loads the certificates, binds every address and starts the workers. After an error nothing is
  // served. Returns InvalidArgument if the configuration or a file that it names is invalid, so
  // that another start would fail in the same way.
  absl::Status Start();
  // Serves until a signal arrives and the drain after it is complete. Returns false if a background
  // thread does not end, as a load when the system does not return from reading a file; then the
  // server cannot be destroyed, and the process has to end without that.
  bool Run();

 private:
  absl::Status Confine();
  absl::Status OpenAccessLog();
  absl::Status OpenEndpoints();
  void LimitMemory();
  absl::Status StartThreads(uint32_t workers);
  void StartWorkers(uint32_t count);
  void StartReload(certs::Fingerprints fingerprints);
  void StartWatchdog();
  StatusBoard::Sources BoardSources();
  void LogStarted();

  class LoopActivator;

  void Activate(SnapshotPtr next, std::shared_ptr<const observe::Expiries> expiries);
  absl::StatusOr<upstream::TargetPtr> TargetOf(const config::Upstream& upstream) const;
  ReloadController::Load BeginLoad();
  absl::Status ActivateReloaded(std::shared_ptr<Snapshot> next,
                                std::shared_ptr<const observe::Expiries> expiries);
  void CountReload(const LoadOutcome& outcome);
  void OnReloadOutcome();
  void FreeRetired();
  std::map<std::string, std::string> ListenersPending() const;  // with the reason

  void OnSignal(int number);
  void OnReloadSignal();
  void OnSignalledReload(const std::string& problems);
  void OnDrainSignal(int number);
  void ReopenAccessLog();
  void BeginDrain(const std::string& reason);
  void StartDrain(const std::string& reason);
  void OnTakenOver(const Upgrade::TakenOver& taken);
  void OnUpgradeFailed();
  std::vector<PassedSockets> EndpointSockets() const;
  size_t DrainWorkers(const std::function<void()>& on_empty);
  void RunHousekeeping();

  const config::Config started_with_;
  double processors_ = 1;  // available to all workers
  const config::Environment environment_;
  base::Logger& logger_;
  observe::AccessLogSink& log_sink_;
  uint64_t log_lines_dropped_ = 0;  // as last reported
  base::SystemClock clock_;
  SystemdNotifier systemd_;
  base::Cancellation loading_cancelled_;
  certs::DiskFileReader reader_{loading_cancelled_};
  ListenerBinder binder_;
  observe::Metrics metrics_;
  base::ResidentMemory resident_memory_;
  base::MemoryBudget memory_{[this] { return resident_memory_.Read(); }};
  std::unique_ptr<observe::AccessLogSink> access_log_;
  io::Loop loop_;
  io::SystemNameLookup name_lookup_;
  CircuitBoard circuit_board_;
  upstream::SocketConnector connector_{loop_};  // for health checks and probes
  HealthChecks health_checks_;
  UpstreamResolver resolver_;
  ProbeForwarding probes_{loop_, connector_,
                          [this](const std::string& upstream) { return resolver_.Find(upstream); }};
  Confinement confinement_;
  KeyMemoryWarning key_memory_warning_;
  Loader loader_;         // used by the loading thread, once that runs
  SnapshotPtr snapshot_;  // the snapshot in use; null before the start
  RetiredSnapshots retired_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<StatusBoard> board_;
  std::unique_ptr<EndpointServer> metrics_endpoint_;
  std::unique_ptr<EndpointServer> admin_endpoint_;
  std::unique_ptr<ReloadController> reload_;
  std::unique_ptr<BackgroundThread> loading_;
  base::Cancellation housekeeper_cancelled_;
  // Renders the pages that take long, /metrics among them, and frees replaced snapshots.
  std::unique_ptr<BackgroundThread> housekeeper_;
  int reload_signals_ = 0;  // not answered yet
  std::unique_ptr<io::Signals> signals_;
  Upgrade upgrade_;
  Upgrade::TakenOver taken_over_;  // by a successor; empty unless it is the reason for the drain
  std::string postponed_drain_;    // the reason for a drain that waits for the end of an upgrade
  Drain drain_;
  std::unique_ptr<Watchdog> watchdog_;  // null if the service manager requires none
  base::FunctionTimer housekeeping_;
  base::FunctionTimer free_retired_{[this] { FreeRetired(); }};
  bool listening_ = false;
  bool drain_signalled_ = false;
  base::LogBudget signal_log_budget_{1};
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_SERVER_H_
