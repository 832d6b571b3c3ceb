#include "proxy/server/server.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "certs/generation_diff.h"
#include "certs/generation_loader.h"
#include "certs/spiffe_loader.h"
#include "proxy/base/key_memory.h"
#include "proxy/base/process_setup.h"
#include "proxy/server/build_info.h"
#include "proxy/server/log_settings.h"
#include "proxy/server/memory_limit.h"
#include "proxy/server/signal_action.h"
#include "proxy/server/system_limits.h"
#include "proxy/server/warnings.h"
#include "proxy/server/worker_count.h"

namespace mantlet::server {
namespace {

constexpr int64_t kHousekeepingMs = 1000;
// When the workers have usually replaced a snapshot. Housekeeping frees what is in use longer.
constexpr int64_t kFreeAfterMs = 20;
// The longest time for writing the access log when the process ends.
constexpr int64_t kLastLogWriteMs = 1000;
// The longest time for the background threads to end when the process ends.
constexpr int64_t kLastLoadMs = 100;

observe::Metrics::BuildInfo BuildLabels() {
  const BuildInfo build = ThisBuild();
  observe::Metrics::BuildInfo labels = {{"version", build.version}, {"commit", build.commit}};
  for (const auto& [name, version] : build.libraries) {
    std::string label = name;
    for (char& c : label) {
      if (c == '-') c = '_';
    }
    labels.emplace_back(absl::AsciiStrToLower(label), version);
  }
  return labels;
}

bool SameConnectionLimits(const config::Config& a, const config::Config& b) {
  return std::equal(a.listeners.begin(), a.listeners.end(), b.listeners.begin(), b.listeners.end(),
                    [](const config::Listener& x, const config::Listener& y) {
                      return x.limits.connections == y.limits.connections;
                    });
}

}  // namespace

Server::Server(config::Config config, config::Environment environment, base::Logger& logger,
               observe::AccessLogSink& log_sink, std::vector<InheritedSocket> inherited)
    : started_with_(std::move(config)),
      environment_(std::move(environment)),
      logger_(logger),
      log_sink_(log_sink),
      systemd_(environment_),
      binder_(started_with_, std::move(inherited), logger),
      metrics_(BuildLabels()),
      name_lookup_(loop_),
      circuit_board_(clock_, logger_, metrics_),
      health_checks_(
          loop_, logger_, metrics_, connector_,
          [this](const std::string& upstream, const std::vector<io::SocketAddress>& unhealthy) {
            for (auto& worker : workers_) worker->SetUnhealthy(upstream, unhealthy);
          }),
      resolver_(loop_, logger_, metrics_, name_lookup_,
                [this](const upstream::TargetPtr& target) {
                  circuit_board_.Update(*target);
                  for (auto& worker : workers_) worker->UpdateTarget(target);
                  health_checks_.Update(target);
                }),
      confinement_(logger_),
      loader_(reader_, environment_, clock_,
              [this](const config::Config& next) { return confinement_.Permits(next); }),
      upgrade_(started_with_, loop_, logger_, metrics_, binder_,
               {.refusal =
                    [this] {
                      return drain_.begun() ? "it is draining; start this process "
                                              "when it has ended"
                                            : "";
                    },
                .snapshot = [this] { return snapshot_; },
                .workers = [this]() -> const auto& { return workers_; },
                .endpoints = [this] { return EndpointSockets(); },
                .drain = [this](const auto& taken) { OnTakenOver(taken); },
                .failed = [this] { OnUpgradeFailed(); }}),
      drain_(loop_, {.start = [this](const auto& on_empty) { return DrainWorkers(on_empty); },
                     .cut =
                         [this] {
                           for (auto& worker : workers_) worker->Cut();
                         },
                     .finished =
                         [this] {
                           logger_.Info("stopped", "The drain is complete.");
                           loop_.Stop();
                         }}),
      housekeeping_([this] { RunHousekeeping(); }) {}

Server::~Server() {
  // Needed after a failed start; Run() has already removed the files of its sockets.
  binder_.RemoveAllFiles();
  // The threads must end before anything that they use.
  loading_.reset();
  housekeeper_.reset();
  workers_.clear();
}

// ---- start

absl::Status Server::Start() {
  // This comes first: a signal that arrives during the start waits for the loop.
  signals_ = std::make_unique<io::Signals>(loop_, HandledSignals(),
                                           [this](int number) { OnSignal(number); });
  absl::StatusOr<Loader::Initial> initial = loader_.LoadInitial(started_with_);
  if (!initial.ok()) return initial.status();
  const auto target_of = [this](const config::Upstream& upstream) { return TargetOf(upstream); };
  if (absl::Status status = SetTargets(target_of, initial->snapshot.get()); !status.ok()) {
    return absl::InvalidArgumentError(status.message());
  }

  if (absl::Status status = upgrade_.Receive(); !status.ok()) return status;
  const uint32_t count =
      started_with_.workers != 0 ? started_with_.workers : AutomaticWorkerCount();
  processors_ = AvailableProcessors();  // reads the cgroup's files
  binder_.SetWorkerCount(count);
  if (absl::Status status = binder_.Bind(*initial->snapshot, nullptr); !status.ok()) return status;
  board_ = std::make_unique<StatusBoard>(BoardSources());
  if (absl::Status status = OpenEndpoints(); !status.ok()) return status;
  if (absl::Status status = upgrade_.Listen(); !status.ok()) return status;
  LimitMemory();  // reads the cgroup's files, too
  WarnSmallLimits(ReadSystemLimits(), count, logger_);
  if (absl::Status status = Confine(); !status.ok()) return status;

  if (absl::Status status = StartThreads(count); !status.ok()) return status;
  const bool took_over = upgrade_.has_predecessor();
  auto expiries =
      std::make_shared<const observe::Expiries>(ExpiriesOf(*initial->snapshot->generation));
  if (absl::Status status = upgrade_.TakeOver(); !status.ok()) return status;
  Activate(std::move(initial->snapshot), std::move(expiries));
  listening_ = true;
  metrics_.ReloadSucceeded(clock_.WallSeconds());
  StartReload(std::move(initial->fingerprints));
  StartWatchdog();
  WarnFixedCredentials(Loader::FilesOf(started_with_), environment_, logger_);
  WarnUnusedSockets(binder_.UnusedInherited(), logger_);
  WarnFewDescriptors(started_with_, logger_);
  loop_.ArmIn(housekeeping_, kHousekeepingMs);
  LogStarted();
  absl::Status notified =
      systemd_.Ready(absl::StrCat("serving ", started_with_.listeners.size(), " listeners"));
  // After an upgrade, no other process accepts connections.
  if (!notified.ok() && took_over) {
    logger_.Error("systemd", std::string(notified.message()));
    return absl::OkStatus();
  }
  return notified;
}

// Gives up what the start needs and serving does not. The access log is opened by the user that has
// to open it again. No other thread exists yet.
absl::Status Server::Confine() {
  if (absl::Status status = confinement_.BecomeUser(started_with_); !status.ok()) return status;
  if (absl::Status status = OpenAccessLog(); !status.ok()) return status;
  confinement_.Enter(started_with_, environment_);
  const ConfinementReport& report = confinement_.report();
  const auto is_on = [](const sandbox::Mechanism& mechanism) {
    return mechanism.state == sandbox::Mechanism::State::kOn;
  };
  metrics_.SetSandbox({{"landlock", is_on(report.landlock)}, {"seccomp", is_on(report.seccomp)}});
  return absl::OkStatus();
}

absl::Status Server::OpenAccessLog() {
  auto access_log = observe::AccessLogSink::Open(started_with_.log.access);
  if (!access_log.ok()) return access_log.status();
  access_log_ = *std::move(access_log);
  metrics_.SetAccessLogDropped([this] { return access_log_->dropped(); });
  return absl::OkStatus();
}

absl::Status Server::OpenEndpoints() {
  struct Wanted {
    const config::Endpoint& endpoint;
    const char* name;
    std::unique_ptr<EndpointServer>& server;
    EndpointServer::Handler handler;
  };
  Wanted all[] = {
      {started_with_.metrics, "metrics", metrics_endpoint_,
       [this](const observe::EndpointRequest& r) {
         return observe::HandleMetricsRequest(*board_, r);
       }},
      {started_with_.admin, "admin", admin_endpoint_,
       [this](const observe::EndpointRequest& r) {
         return observe::HandleAdminRequest(*board_, r);
       }},
  };
  for (Wanted& wanted : all) {
    if (!wanted.endpoint.enabled) continue;
    absl::StatusOr<io::FileDescriptor> socket = binder_.OpenEndpoint(wanted.endpoint, wanted.name);
    if (!socket.ok()) return socket.status();
    wanted.server =
        std::make_unique<EndpointServer>(loop_, *std::move(socket), std::move(wanted.handler));
  }
  if (metrics_endpoint_ != nullptr) {
    metrics_endpoint_->SetDeferral(
        [this](const observe::EndpointRequest& request, EndpointServer::Respond respond) {
          if (observe::DeferMetricsRequest(*board_, request, respond)) return true;
          return snapshot_ != nullptr &&
                 probes_.Forward(snapshot_->config.metrics.forward, request, std::move(respond));
        });
  }
  if (admin_endpoint_ != nullptr) {
    admin_endpoint_->SetDeferral(
        [this](const observe::EndpointRequest& request, EndpointServer::Respond respond) {
          return observe::DeferAdminRequest(*board_, request, std::move(respond));
        });
  }
  return absl::OkStatus();
}

StatusBoard::Sources Server::BoardSources() {
  return {
      .loop = loop_,
      .clock = clock_,
      .logger = logger_,
      .metrics = metrics_,
      .snapshot = [this] { return snapshot_; },
      .confinement = confinement_.report(),
      .listening = [this] { return listening_; },
      // After an upgrade, what is asked for is ready: the successor serves.
      .draining = [this] { return drain_.begun() && taken_over_.pid == 0; },
      .last_reload_failure =
          [this] { return reload_ == nullptr ? std::string() : reload_->state().last_error(); },
      .listeners_pending = [this] { return ListenersPending(); },
      .not_ready = [this] { return health_checks_.NotReady(); },
      .notes =
          [this] {
            std::vector<std::string> notes = resolver_.Unresolved();
            for (std::string& note : health_checks_.Notes()) notes.push_back(std::move(note));
            return notes;
          },
      .reload = [this](auto done) { reload_->Request(std::move(done)); },
      .drain = [this] { BeginDrain("POST /drain on the admin endpoint"); },
      .workers = [this]() -> const std::vector<std::unique_ptr<Worker>>& { return workers_; },
      .background = [this](auto work,
                           auto done) { housekeeper_->Run(std::move(work), std::move(done)); },
  };
}

// Everything but the connections is there.
void Server::LimitMemory() {
  const uint64_t wanted = started_with_.memory;
  memory_.SetLimit(wanted == config::kAutoMemory ? AutomaticMemoryLimit() : wanted);
  metrics_.SetMemoryBudget(&memory_);
  WarnLittleMemory(memory_, logger_);
}

absl::Status Server::StartThreads(uint32_t workers) {
  try {
    housekeeper_ = std::make_unique<BackgroundThread>(loop_, housekeeper_cancelled_, "housekeeper");
    loading_ = std::make_unique<BackgroundThread>(loop_, loading_cancelled_, "loader");
    StartWorkers(workers);
  } catch (const std::system_error& error) {  // of std::thread
    return absl::ResourceExhaustedError(absl::StrCat(
        "cannot start ", workers, workers == 1 ? " worker: " : " workers: ", error.what(),
        "; raise the limit of threads (TasksMax=, ulimit -u), or set fewer `workers`"));
  }
  return absl::OkStatus();
}

void Server::StartWorkers(uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    workers_.push_back(std::make_unique<Worker>(clock_, logger_, metrics_.AddShard(), *access_log_,
                                                LogFormatOf(started_with_.log), memory_));
    workers_.back()->SetProcessors(processors_ / count);
    workers_.back()->SetOnUnreachable([this](const std::string& upstream) {
      loop_.Post([this, upstream] { resolver_.Unreachable(upstream); });
    });
    workers_.back()->SetOnCircuitChange(
        [this, i](const std::string& upstream, const upstream::Circuits::Change& change) {
          loop_.Post([this, i, upstream, change] { circuit_board_.OnChange(i, upstream, change); });
        });
  }
}

void Server::StartReload(certs::Fingerprints fingerprints) {
  reload_ = std::make_unique<ReloadController>(
      loop_, *loading_, reader_, logger_, snapshot_->config.reload,
      Loader::FilesOf(snapshot_->config), std::move(fingerprints),
      ReloadController::Actions{
          .begin = [this] { return BeginLoad(); },
          .loaded = [this](const LoadOutcome& outcome) { CountReload(outcome); },
          .changed = [this] { OnReloadOutcome(); },
          .in_progress = [this](bool yes) { metrics_.SetReloadInProgress(yes); },
      });
  OnReloadOutcome();
}

void Server::StartWatchdog() {
  const std::optional<int64_t> interval_ms = systemd_.watchdog_interval_ms();
  if (!interval_ms.has_value()) return;
  watchdog_ = std::make_unique<Watchdog>(
      loop_, *interval_ms,
      Watchdog::Actions{.ping =
                            [this](const std::function<void()>& on_alive) {
                              for (auto& worker : workers_) worker->Ping(on_alive);
                              return workers_.size();
                            },
                        .notify = [this] { (void)systemd_.Watchdog(); }});
}

void Server::LogStarted() {
  logger_.Info("started", "mantlet is serving.",
               {{"version", ThisBuild().version},
                {"workers", static_cast<uint64_t>(workers_.size())},
                {"listeners", static_cast<uint64_t>(started_with_.listeners.size())},
                {"open_files", base::OpenFileLimit()},
                {"memory_limit", static_cast<uint64_t>(memory_.limit())},
                {"config", started_with_.file}});
}

// ---- reload

// Calls the main loop from the loading thread.
class Server::LoopActivator final : public Activator {
 public:
  LoopActivator(Server& server, SnapshotPtr running)
      : server_(server), running_(std::move(running)) {}

  absl::Status Activate(std::shared_ptr<Snapshot> next) override {
    auto expiries = std::make_shared<const observe::Expiries>(ExpiriesOf(*next->generation));
    absl::Status status = absl::CancelledError("the drain has begun");
    server_.loading_->CallOnLoop(
        [&] { status = server_.ActivateReloaded(next, std::move(expiries)); });
    return status;
  }

  void Discard() override {
    server_.loading_->CallOnLoop([&] { server_.binder_.Discard(*running_); });
  }

 private:
  Server& server_;
  const SnapshotPtr running_;
};

// Puts `next`, whose sockets are open, into use.
void Server::Activate(SnapshotPtr next, std::shared_ptr<const observe::Expiries> expiries) {
  retired_.Add(std::exchange(snapshot_, std::move(next)));
  loop_.ArmIn(free_retired_, kFreeAfterMs);
  metrics_.SetExpiries(std::move(expiries));
  metrics_.SetLimits(LimitsOf(snapshot_->config, workers_.size()));
  for (const std::string& warning : snapshot_->generation->warnings) {
    logger_.Warn("certificate_warning", warning);
  }
  key_memory_warning_.Check(base::ReadKeyMemoryUse(), logger_);
  std::vector<WorkerSockets> sockets = binder_.Commit(*snapshot_);
  for (size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->Apply(snapshot_, std::move(sockets[i]));
  }
  std::vector<upstream::TargetPtr> targets;
  for (const ListenerSnapshot& listener : snapshot_->listeners) targets.push_back(listener.target);
  resolver_.Use(targets);
  circuit_board_.Use(targets);
  health_checks_.Use(targets);
}

absl::StatusOr<upstream::TargetPtr> Server::TargetOf(const config::Upstream& upstream) const {
  return resolver_.TargetOf(upstream);
}

ReloadController::Load Server::BeginLoad() {
  // The names of upstreams are resolved again even if the files are rejected.
  resolver_.Refresh();
  // A snapshot is replaced only by a load, so this one stays in use until then.
  return [this, running = snapshot_](const certs::Fingerprints* polled) {
    LoopActivator activator(*this, running);
    return loader_.Reload(*running, polled, activator);
  };
}

absl::Status Server::ActivateReloaded(std::shared_ptr<Snapshot> next,
                                      std::shared_ptr<const observe::Expiries> expiries) {
  // The successor has got the sockets of the current configuration.
  if (upgrade_.in_progress()) return absl::FailedPreconditionError("an upgrade is in progress");
  const auto target_of = [this](const config::Upstream& upstream) { return TargetOf(upstream); };
  if (absl::Status status = SetTargets(target_of, next.get()); !status.ok()) return status;
  if (absl::Status status = binder_.Bind(*next, snapshot_.get()); !status.ok()) return status;
  WarnRestartRequired(started_with_, next->config, logger_);
  for (const std::string& sentence :
       certs::SequenceRegressions(*snapshot_->generation, *next->generation)) {
    logger_.Warn("certificate_warning", sentence);
  }
  if (!SameConnectionLimits(snapshot_->config, next->config)) {
    WarnFewDescriptors(next->config, logger_);
  }
  logger_.set_level(LogLevelOf(next->config.log));
  Activate(std::move(next), std::move(expiries));
  reload_->Configure(snapshot_->config.reload);
  return absl::OkStatus();
}

// Has what nothing uses any more freed on another thread: not the loading thread, because the next
// load may keep that busy for seconds and needs the memory.
void Server::FreeRetired() {
  std::vector<RetiredSnapshots::Part> unused = retired_.TakeUnused();
  if (unused.empty()) return;
  // These may have been the last users of others.
  housekeeper_->Run([unused = std::move(unused)]() mutable { unused.clear(); },
                    [this] { FreeRetired(); });
}

// A load that finds nothing new is a success: the files were read and are valid.
void Server::CountReload(const LoadOutcome& outcome) {
  if (outcome.problems.empty()) {
    metrics_.ReloadSucceeded(clock_.WallSeconds());
  } else if (outcome.swapped) {
    metrics_.ReloadPartial();
  } else {
    metrics_.ReloadFailed();
  }
}

std::map<std::string, std::string> Server::ListenersPending() const {
  std::map<std::string, std::string> listeners;
  if (reload_ == nullptr) return listeners;
  for (const ReloadSchedule::Problem& problem : reload_->state().problems()) {
    if (!problem.listener.empty()) listeners[problem.listener] = problem.reason;
  }
  return listeners;
}

void Server::OnReloadOutcome() {
  metrics_.SetReloadPending(reload_->state().pending());
  std::map<std::string, bool> listeners;
  for (const config::Listener& listener : snapshot_->config.listeners) {
    listeners[listener.name] = false;
  }
  for (const auto& [listener, reason] : ListenersPending()) listeners[listener] = true;
  metrics_.SetListenersPending(std::move(listeners));
}

// ---- signals, drain

void Server::OnSignal(int number) {
  switch (ActionOf(number)) {
    case SignalAction::kReload:
      OnReloadSignal();
      break;
    case SignalAction::kReopenLog:
      ReopenAccessLog();
      logger_.Info("log_reopened", "The access log was reopened.",
                   {{"signal", SignalName(number)}});
      break;
    case SignalAction::kIgnore:
      if (auto permit = signal_log_budget_.Ask(clock_.MonotonicMs())) {
        logger_.Info("signal_ignored",
                     "The signal is ignored. SIGTERM drains, SIGHUP reloads, SIGUSR1 reopens the "
                     "access log.",
                     {{"signal", SignalName(number)}, {"suppressed", permit.suppressed}});
      }
      break;
    case SignalAction::kDrain:
      OnDrainSignal(number);
      break;
  }
}

void Server::OnReloadSignal() {
  if (drain_.begun()) return;
  (void)systemd_.Reloading(clock_.MonotonicUs());
  ReopenAccessLog();
  ++reload_signals_;
  reload_->Request([this](const std::string& problems) { OnSignalledReload(problems); },
                   /*by_signal=*/true);
}

// The service manager takes READY as the answer to all signals before it.
void Server::OnSignalledReload(const std::string& problems) {
  if (--reload_signals_ > 0 || drain_.begun()) return;
  (void)systemd_.Ready(problems.empty() ? "serving" : absl::StrCat("reload rejected: ", problems));
}

// The first signal starts the drain; if the admin endpoint has started one, that drain continues,
// because a service manager sends SIGTERM after it. The second signal ends the process.
void Server::OnDrainSignal(int number) {
  if (!std::exchange(drain_signalled_, true)) {
    BeginDrain(SignalName(number));
    return;
  }
  logger_.Warn("stopping", "A second signal arrived; the process ends immediately.");
  // Does not wait for the workers, which may be busy.
  _exit(0);
}

void Server::ReopenAccessLog() {
  if (absl::Status status = access_log_->Reopen(); !status.ok()) {
    logger_.Error("access_log", std::string(status.message()));
  }
}

// During an upgrade, refusing connections would affect the successor, which has the same sockets.
void Server::BeginDrain(const std::string& reason) {
  if (!upgrade_.in_progress()) {
    StartDrain(reason);
    return;
  }
  logger_.Info("drain_postponed", "The drain begins when the upgrade in progress is over.",
               {{"why", reason}});
  postponed_drain_ = reason;
}

void Server::OnUpgradeFailed() {
  if (!postponed_drain_.empty()) StartDrain(postponed_drain_);
}

void Server::OnTakenOver(const Upgrade::TakenOver& taken) {
  taken_over_ = taken;
  StartDrain(absl::StrCat("upgrade: process ", taken.pid, " has taken over"));
}

std::vector<PassedSockets> Server::EndpointSockets() const {
  std::vector<PassedSockets> all;
  const auto add = [&](const char* name, const EndpointServer* server,
                       const config::Endpoint& endpoint) {
    if (server == nullptr) return;
    const std::string& path = endpoint.address.path;
    all.push_back({SocketUse::kEndpoint, name, binder_.OwnsFile(path) ? path : "", {}});
    all.back().sockets.push_back(server->DuplicateSocket());
  };
  add("metrics", metrics_endpoint_.get(), started_with_.metrics);
  add("admin", admin_endpoint_.get(), started_with_.admin);
  return all;
}

void Server::StartDrain(const std::string& reason) {
  if (drain_.begun()) return;
  const int64_t deadline_ms = snapshot_->config.drain.count();
  metrics_.SetDraining(true);
  (void)systemd_.Stopping("draining");
  logger_.Info(
      "drain_begun",
      "The drain has begun: no new connections are accepted, and open ones get one more response.",
      {{"why", reason}, {"deadline_seconds", static_cast<double>(deadline_ms) / 1000.0}});
  binder_.RemoveListenerFiles();
  drain_.Begin(deadline_ms);
  reload_->Stop("the drain has begun");
}

// Drains the workers, and the endpoints that a successor has taken over. The others serve until the
// process ends.
size_t Server::DrainWorkers(const std::function<void()>& on_empty) {
  for (auto& worker : workers_) worker->Drain(on_empty, taken_over_.listeners);
  size_t count = workers_.size();
  const int64_t grace_ms = std::min(snapshot_->config.idle_grace, snapshot_->config.drain).count();
  for (const auto& [name, endpoint] :
       {std::pair("metrics", metrics_endpoint_.get()), std::pair("admin", admin_endpoint_.get())}) {
    if (!taken_over_.endpoints.contains(name)) continue;
    endpoint->Drain(grace_ms, on_empty);
    ++count;
  }
  return count;
}

void Server::RunHousekeeping() {
  FreeRetired();
  access_log_->Retry();
  log_sink_.Retry();
  for (const ListenerSnapshot& listener : snapshot_->listeners) {
    listener.admission->EvictIdle(clock_.MonotonicUs());
  }
  if (const uint64_t dropped = log_sink_.dropped(); dropped != log_lines_dropped_) {
    logger_.Warn("log_lines_dropped", "Standard error was not read; log records were dropped.",
                 {{"count", dropped - log_lines_dropped_}});
    log_lines_dropped_ = dropped;
  }
  loop_.ArmIn(housekeeping_, kHousekeepingMs);
}

bool Server::Run() {
  loop_.Run();
  // From here on, a signal must not end the process although the handlers are gone. The workers'
  // threads, which could receive it, end below.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  binder_.RemoveAllFiles();
  metrics_endpoint_.reset();
  admin_endpoint_.reset();
  workers_.clear();
  access_log_->Drain(kLastLogWriteMs);
  const bool ended = loading_->EndsWithin(kLastLoadMs);
  return housekeeper_->EndsWithin(kLastLoadMs) && ended;
}

}  // namespace mantlet::server
