// The whole daemon: makes every part, connects them and sees them to their end.
// The composition root; nothing else constructs a module of another package.
//
// The thread that constructs it is the main thread: signals, reload, the metrics
// and admin endpoints and the drain live on its loop. Workers have loops of their
// own (server/worker.h).

#ifndef MANTLET_PROXY_SERVER_SERVER_H_
#define MANTLET_PROXY_SERVER_SERVER_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "certs/file_reader.h"
#include "config/config.h"
#include "config/environment.h"
#include "config/loader.h"
#include "proxy/base/clock.h"
#include "proxy/base/log.h"
#include "proxy/base/log_budget.h"
#include "proxy/io/loop.h"
#include "proxy/io/name_lookup.h"
#include "proxy/io/signals.h"
#include "proxy/observe/access_log_sink.h"
#include "proxy/observe/metrics.h"
#include "proxy/server/endpoint_server.h"
#include "proxy/server/listening_sockets.h"
#include "proxy/server/reload_controller.h"
#include "proxy/server/reload_planner.h"
#include "proxy/server/snapshot.h"
#include "proxy/server/status_board.h"
#include "proxy/server/systemd_notify.h"
#include "proxy/server/upstream_resolver.h"
#include "proxy/server/worker.h"

namespace mantlet::server {

class Server {
 public:
  // `config` was loaded from its file with `environment`, which later reloads use
  // again.
  // `log_sink` is where `logger` writes; it is given a hand when its reader is slow.
  Server(config::Config config, config::Environment environment, base::Logger& logger,
         observe::AccessLogSink& log_sink, std::vector<InheritedSocket> inherited);
  ~Server();
  Server(const Server&) = delete;

  // Loads the certificates, binds every address, starts the workers. What it
  // refuses, it refuses as a whole: nothing serves then. InvalidArgument: the configuration or a
  // file that it names is wrong, and another start would be refused as well.
  absl::Status Start();
  // Until a signal and the drain after it.
  void Run();

 private:
  absl::Status OpenEndpoints();
  absl::Status OpenListeners(const Snapshot& next, std::vector<Worker::Sockets>& sockets);
  void StartReload(certs::FileStates seen);
  void StartWatchdog();
  StatusBoard::Sources BoardSources();
  void Adopt(SnapshotPtr next, std::vector<Worker::Sockets> sockets);
  LoadOutcome Reload(const certs::FileStates* looked);
  bool Prepare(ReloadPlan* plan, SnapshotPtr* next, std::vector<Worker::Sockets>* sockets);
  void CountReload(const LoadOutcome& outcome);
  void WarnOfWhatNeedsARestart(const config::Config& next);
  void WarnOfFixedCredentials();
  std::vector<std::string> WatchedFiles() const;
  void RemoveUnusedSocketFiles();
  void WarnOfUnusedSockets();
  void WarnOfFewDescriptors();
  bool IsOurPort(const config::Address& address) const;
  config::Config AsBound(config::Config config) const;
  absl::Status RefuseAddressOfEndpoint(const config::Config& next,
                                       const config::Address& address) const;
  absl::StatusOr<std::vector<BoundListener>> OpenListener(const config::Config& next,
                                                          const config::Listener& listener,
                                                          size_t count);
  absl::StatusOr<SnapshotPtr> MakeSnapshot(const config::Config& config,
                                           certs::GenerationPtr generation,
                                           std::string* at_fault = nullptr);
  void OnSignal(int number);
  void OnReloadSignal();
  void ReopenAccessLog();
  void OnReloadOutcome();
  std::map<std::string, std::string> ListenersPending() const;  // and why
  void BeginDrain(const std::string& why);
  void FinishDrain();
  void BeatWatchdog();
  void KeepHouse();

  config::Config config_;  // what runs
  const config::Config started_with_;
  const config::Environment environment_;
  base::Logger& logger_;
  observe::AccessLogSink& log_sink_;
  uint64_t log_lines_dropped_ = 0;  // as last reported
  base::SystemClock clock_;
  SystemdNotifier systemd_;
  certs::DiskFileReader reader_;
  ReloadPlanner planner_;
  ListeningSockets listening_sockets_;
  observe::Metrics metrics_;
  std::unique_ptr<observe::AccessLogSink> access_log_;
  io::Loop loop_;
  io::SystemNameLookup name_lookup_;
  UpstreamResolver resolver_;
  SnapshotPtr snapshot_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<StatusBoard> board_;
  std::unique_ptr<EndpointServer> metrics_endpoint_;
  std::unique_ptr<EndpointServer> admin_endpoint_;
  std::unique_ptr<ReloadController> reload_;
  std::unique_ptr<io::Signals> signals_;
  base::FunctionTimer drain_deadline_;
  base::FunctionTimer drain_grace_;
  base::FunctionTimer watchdog_;
  base::FunctionTimer housekeeping_;
  bool listening_ = false;
  bool draining_ = false;
  bool told_to_end_ = false;  // by a signal
  size_t workers_draining_ = 0;
  base::LogBudget signal_log_budget_{1};
  size_t pings_out_ = 0;  // to workers, by the watchdog
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_SERVER_H_
