#include "proxy/server/server.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "certs/generation_diff.h"
#include "certs/generation_loader.h"
#include "certs/spiffe_loader.h"
#include "config/address_overlap.h"
#include "config/difference.h"
#include "config/loader.h"
#include "config/restart.h"
#include "proxy/base/process_setup.h"
#include "proxy/io/listener.h"
#include "proxy/server/build_info.h"
#include "proxy/server/log_settings.h"
#include "proxy/server/signal_action.h"
#include "proxy/server/worker_count.h"

namespace mantlet::server {
namespace {

// After the drain's deadline has cut what was left, this long for the pieces to
// fall before the process ends.
constexpr int64_t kAfterCutMs = 1000;
constexpr int64_t kHousekeepingMs = 1000;

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

// Of the files, and not of what is around them.
absl::Status Refused(const absl::Status& status) {
  return absl::InvalidArgumentError(status.message());
}

io::ListenOptions OptionsOf(const config::Config& config, const config::Listener& listener) {
  return {.v6_only = config::IsV6Only(config, listener.address),
          .unix_mode = listener.socket_mode,
          .unix_group = listener.socket_group};
}

// One socket, which a listener of a later configuration cannot share by mistake.
io::ListenOptions OptionsOf(const config::Config& config, const config::Endpoint& endpoint) {
  return {.v6_only = config::IsV6Only(config, endpoint.address),
          .shared = false,
          .unix_mode = endpoint.socket_mode,
          .unix_group = endpoint.socket_group};
}

// Whether the sockets that `before` has are those that `now` asks for.
bool SameSockets(const config::Config& before, const config::Listener& old,
                 const config::Config& now, const config::Listener& listener) {
  return old.address == listener.address && OptionsOf(before, old) == OptionsOf(now, listener);
}

}  // namespace

Server::Server(config::Config config, config::Environment environment, base::Logger& logger,
               observe::AccessLogSink& log_sink, std::vector<InheritedSocket> inherited)
    : config_(std::move(config)),
      started_with_(config_),
      environment_(std::move(environment)),
      logger_(logger),
      log_sink_(log_sink),
      systemd_(environment_),
      planner_(reader_, environment_, clock_),
      listening_sockets_(std::move(inherited)),
      metrics_(BuildLabels()),
      name_lookup_(loop_),
      resolver_(loop_, logger_, metrics_, name_lookup_,
                [this](const upstream::TargetPtr& target) {
                  for (auto& worker : workers_) worker->UpdateTarget(target);
                }),
      drain_deadline_([this] {
        for (auto& worker : workers_) worker->Cut();
        loop_.ArmIn(drain_grace_, kAfterCutMs);
      }),
      drain_grace_([this] { FinishDrain(); }),
      watchdog_([this] { BeatWatchdog(); }),
      housekeeping_([this] { KeepHouse(); }) {}

Server::~Server() {
  // Those of a start that was refused; Run() has removed its own.
  listening_sockets_.RemoveFiles([](const std::string&) { return false; });
  // The workers' threads end before anything that they use.
  workers_.clear();
}

// ---- start

absl::Status Server::Start() {
  // First of all: a signal that comes while this goes on waits for the loop.
  signals_ = std::make_unique<io::Signals>(loop_, HandledSignals(),
                                           [this](int number) { OnSignal(number); });
  certs::FileStates seen;
  absl::StatusOr<certs::GenerationPtr> generation =
      certs::GenerationLoader::Load(config_, reader_, clock_.WallSeconds(), nullptr, &seen);
  if (!generation.ok()) return Refused(generation.status());
  // The configuration was read before; should it have changed since, its state
  // stays blank and the first look finds it changed.
  config::LoadResult reread;
  const certs::FileState state = planner_.ReadConfig(config_.file, &reread);
  seen[config_.file] = reread.config == config_ ? state : certs::FileState();
  absl::StatusOr<SnapshotPtr> snapshot = MakeSnapshot(config_, *std::move(generation));
  if (!snapshot.ok()) return Refused(snapshot.status());
  auto access_log = observe::AccessLogSink::Open(config_.log.access);
  if (!access_log.ok()) return access_log.status();
  access_log_ = *std::move(access_log);
  metrics_.SetAccessLogDropped([this] { return access_log_->dropped(); });

  const uint32_t count = config_.workers != 0 ? config_.workers : AutomaticWorkerCount();
  std::vector<Worker::Sockets> sockets(count);
  if (absl::Status status = OpenListeners(**snapshot, sockets); !status.ok()) return status;
  board_ = std::make_unique<StatusBoard>(BoardSources());
  if (absl::Status status = OpenEndpoints(); !status.ok()) return status;

  for (uint32_t i = 0; i < count; ++i) {
    workers_.push_back(std::make_unique<Worker>(clock_, logger_, metrics_.AddShard(), *access_log_,
                                                LogFormatOf(config_.log)));
    workers_.back()->SetOnUnreachable([this](const std::string& upstream) {
      loop_.Post([this, upstream] { resolver_.Unreachable(upstream); });
    });
  }
  Adopt(*std::move(snapshot), std::move(sockets));
  listening_ = true;
  metrics_.ReloadSucceeded(clock_.WallSeconds());
  StartReload(std::move(seen));
  StartWatchdog();
  WarnOfFixedCredentials();
  WarnOfUnusedSockets();
  WarnOfFewDescriptors();
  loop_.ArmIn(housekeeping_, kHousekeepingMs);
  logger_.Info("started", "mantlet is serving.",
               {{"version", ThisBuild().version},
                {"workers", static_cast<uint64_t>(count)},
                {"listeners", static_cast<uint64_t>(config_.listeners.size())},
                {"open_files", base::OpenFileLimit()},
                {"config", config_.file}});
  return systemd_.Ready(absl::StrCat("serving ", config_.listeners.size(), " listeners"));
}

// Whether a socket of this process is bound to the port already, for any address.
bool Server::IsOurPort(const config::Address& address) const {
  if (snapshot_ == nullptr || address.kind != config::Address::Kind::kTcp) return false;
  for (const config::Config* config : {&snapshot_->config, &started_with_}) {
    for (const config::BoundAddress& bound : config::BoundAddresses(*config)) {
      if (bound.address.kind == address.kind && bound.address.port == address.port) return true;
    }
  }
  return false;
}

// The endpoints stay where they were at the start: a listener there would get a part of their
// connections, and they a part of its own. One that is to have both families would get IPv6 only.
absl::Status Server::RefuseAddressOfEndpoint(const config::Config& next,
                                             const config::Address& address) const {
  if (snapshot_ == nullptr) return absl::OkStatus();
  const bool loses_ipv4 =
      config::IsV6Only(AsBound(next), address) && !config::IsV6Only(next, address);
  for (const auto& [name, endpoint] :
       {std::pair("metrics", &started_with_.metrics), std::pair("admin", &started_with_.admin)}) {
    if (!endpoint->enabled) continue;
    const bool same_port = endpoint->address.port == address.port;
    if (config::Compare(endpoint->address, address) == config::Overlap::kNone &&
        !(loses_ipv4 && same_port)) {
      continue;
    }
    return absl::AlreadyExistsError(
        absl::StrCat("cannot listen on ", config::ToString(address), ": ", name, " listens on ",
                     config::ToString(endpoint->address), " until the next start"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<BoundListener>> Server::OpenListener(const config::Config& next,
                                                                const config::Listener& listener,
                                                                size_t count) {
  const config::Address& address = listener.address;
  if (absl::Status status = RefuseAddressOfEndpoint(next, address); !status.ok()) return status;
  const auto others =
      IsOurPort(address) ? ListeningSockets::Others::kAllow : ListeningSockets::Others::kRefuse;
  return listening_sockets_.Open(address, count, others, OptionsOf(AsBound(next), listener));
}

// `config` with the endpoints where they are, whatever it says about the next start.
config::Config Server::AsBound(config::Config config) const {
  config.metrics = started_with_.metrics;
  config.admin = started_with_.admin;
  return config;
}

absl::Status Server::OpenListeners(const Snapshot& next, std::vector<Worker::Sockets>& sockets) {
  const config::Config then = AsBound(next.config);
  const config::Config now = snapshot_ == nullptr ? then : AsBound(snapshot_->config);
  for (const ListenerSnapshot& listener : next.listeners) {
    const config::Listener& config = listener.config;
    const ListenerSnapshot* before = snapshot_ == nullptr ? nullptr : snapshot_->Find(config.name);
    if (before != nullptr && SameSockets(now, before->config, then, config)) {
      continue;
    }
    absl::StatusOr<std::vector<BoundListener>> bound =
        OpenListener(next.config, config, sockets.size());
    if (!bound.ok()) {
      return absl::Status(
          bound.status().code(),
          absl::StrCat("listener '", config.name, "': ", std::string(bound.status().message())));
    }
    for (BoundListener& one : *bound) {
      for (size_t i = 0; i < sockets.size(); ++i) {
        sockets[i][config.name].push_back(std::move(one.sockets[i]));
      }
      logger_.Info("listening", "A listener is bound.",
                   {{"listener", config.name}, {"address", one.address}});
    }
  }
  return absl::OkStatus();
}

// A descriptor that nobody accepts from: clients connect and nothing ever comes.
void Server::WarnOfUnusedSockets() {
  for (const std::string& name : listening_sockets_.UnusedInherited()) {
    logger_.Warn("socket_unused",
                 "The service manager passed a socket that no listener asks for: whoever connects "
                 "to it waits for ever. Add a listener with this address, or remove the socket.",
                 {{"address", absl::StrCat("systemd:", name)}});
  }
}

absl::Status Server::OpenEndpoints() {
  struct Wanted {
    const config::Endpoint& endpoint;
    const char* name;
    std::unique_ptr<EndpointServer>& server;
    EndpointServer::Handler handler;
  };
  Wanted all[] = {
      {config_.metrics, "metrics", metrics_endpoint_,
       [this](const observe::EndpointRequest& r) {
         return observe::HandleMetricsRequest(*board_, r);
       }},
      {config_.admin, "admin", admin_endpoint_,
       [this](const observe::EndpointRequest& r) {
         return observe::HandleAdminRequest(*board_, r);
       }},
  };
  for (Wanted& wanted : all) {
    if (!wanted.endpoint.enabled) continue;
    absl::StatusOr<std::vector<BoundListener>> bound =
        listening_sockets_.Open(wanted.endpoint.address, 1, ListeningSockets::Others::kRefuse,
                                OptionsOf(config_, wanted.endpoint));
    if (!bound.ok()) {
      return absl::Status(bound.status().code(),
                          absl::StrCat(wanted.name, ": ", std::string(bound.status().message())));
    }
    wanted.server = std::make_unique<EndpointServer>(loop_, std::move(bound->front().sockets[0]),
                                                     std::move(wanted.handler));
    logger_.Info("listening", "An endpoint is bound.",
                 {{"listener", wanted.name}, {"address", bound->front().address}});
  }
  return absl::OkStatus();
}

StatusBoard::Sources Server::BoardSources() {
  return {clock_,
          logger_,
          metrics_,
          [this] { return snapshot_; },
          [this] { return listening_; },
          [this] { return draining_; },
          [this] { return reload_ == nullptr ? std::string() : reload_->state().last_error(); },
          [this] { return ListenersPending(); },
          [this] { return resolver_.Unresolved(); },
          [this] { return reload_->LoadNow(); },
          [this] { BeginDrain("the admin endpoint asked for it"); },
          [this]() -> const std::vector<std::unique_ptr<Worker>>& { return workers_; }};
}

void Server::Adopt(SnapshotPtr next, std::vector<Worker::Sockets> sockets) {
  snapshot_ = std::move(next);
  metrics_.SetExpiries(ExpiriesOf(*snapshot_->generation));
  for (const std::string& warning : snapshot_->generation->warnings) {
    logger_.Warn("certificate_warning", warning);
  }
  listening_sockets_.Commit();
  RemoveUnusedSocketFiles();
  for (size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->Apply(snapshot_, std::move(sockets[i]));
  }
  std::vector<upstream::TargetPtr> targets;
  for (const ListenerSnapshot& listener : snapshot_->listeners) targets.push_back(listener.target);
  resolver_.Use(targets);
}

absl::StatusOr<SnapshotPtr> Server::MakeSnapshot(const config::Config& config,
                                                 certs::GenerationPtr generation,
                                                 std::string* at_fault) {
  return BuildSnapshot(
      config, std::move(generation), snapshot_.get(), clock_,
      [this](const config::Upstream& upstream) { return resolver_.TargetOf(upstream); }, at_fault);
}

// A socket file outlives its socket. Before the socket closes: afterwards, the file of a successor
// could not be told from ours.
void Server::RemoveUnusedSocketFiles() {
  listening_sockets_.RemoveFiles([this](const std::string& path) {
    // The endpoints stay where they were at the start, and answer until the end.
    for (const config::Endpoint* endpoint : {&started_with_.metrics, &started_with_.admin}) {
      if (endpoint->enabled && endpoint->address.path == path) return true;
    }
    if (draining_ || snapshot_ == nullptr) return false;
    for (const ListenerSnapshot& listener : snapshot_->listeners) {
      if (listener.config.address.path == path) return true;
    }
    return false;
  });
}

// ---- reload

std::vector<std::string> Server::WatchedFiles() const {
  std::vector<std::string> files = certs::MaterialFiles(config_);
  files.push_back(config_.file);
  return files;
}

void Server::StartReload(certs::FileStates seen) {
  reload_ = std::make_unique<ReloadController>(
      loop_, logger_, config_.reload, WatchedFiles(), std::move(seen),
      [this](const certs::FileStates* looked) {
        LoadOutcome result = Reload(looked);
        CountReload(result);
        return result;
      },
      [this] { OnReloadOutcome(); });
  OnReloadOutcome();
}

// Finding what is served already is a success: the files have been read and are good.
void Server::CountReload(const LoadOutcome& outcome) {
  if (outcome.problems.empty()) {
    metrics_.ReloadSucceeded(clock_.WallSeconds());
  } else if (outcome.outcome == ReloadSchedule::Outcome::kSwapped) {
    metrics_.ReloadPartial();
  } else {
    metrics_.ReloadFailed();
  }
}

LoadOutcome Server::Reload(const certs::FileStates* looked) {
  LoadOutcome outcome;
  if (draining_) {
    outcome.problems = {{"", "the drain has begun", false}};
    return outcome;
  }
  // Their own affair: whatever becomes of the files.
  resolver_.Refresh();
  ReloadPlan plan = planner_.Plan(config_, *snapshot_->generation, looked);
  SnapshotPtr next;
  std::vector<Worker::Sockets> sockets(workers_.size());
  const bool swap = Prepare(&plan, &next, &sockets);
  outcome.problems = plan.Problems();
  outcome.seen = std::move(plan.seen);
  if (!swap) {
    if (outcome.problems.empty()) outcome.outcome = ReloadSchedule::Outcome::kUnchanged;
    return outcome;
  }
  outcome.outcome = ReloadSchedule::Outcome::kSwapped;
  outcome.changes = config::SettingsThatChanged(config_, plan.config);
  for (std::string& change : certs::WhatChanged(*snapshot_->generation, *next->generation)) {
    outcome.changes.push_back(std::move(change));
  }
  WarnOfWhatNeedsARestart(plan.config);
  for (const std::string& sentence :
       certs::SequencesThatFell(*snapshot_->generation, *next->generation)) {
    logger_.Warn("certificate_warning", sentence);
  }
  const bool same_limits = SameConnectionLimits(config_, plan.config);
  config_ = std::move(plan.config);
  if (!same_limits) WarnOfFewDescriptors();
  logger_.set_level(LogLevelOf(config_.log));
  Adopt(std::move(next), std::move(sockets));
  outcome.detail = absl::StrCat("generation ", snapshot_->generation->id);
  reload_->Configure(config_.reload, WatchedFiles());
  return outcome;
}

// Makes ready what `plan` wants, and changes the plan where that turns out to be
// impossible. False if nothing is to be swapped.
bool Server::Prepare(ReloadPlan* plan, SnapshotPtr* next, std::vector<Worker::Sockets>* sockets) {
  const certs::Generation& in_use = *snapshot_->generation;
  while (plan->config != config_ || plan->rotation.generation->id != in_use.id) {
    std::string at_fault;
    auto snapshot = MakeSnapshot(plan->config, plan->rotation.generation, &at_fault);
    absl::Status status = snapshot.ok() ? OpenListeners(**snapshot, *sockets) : snapshot.status();
    if (status.ok()) {
      *next = *std::move(snapshot);
      return true;
    }
    const std::string reason(status.message());
    const config::Listener* now = certs::FindListener(config_, at_fault);
    const config::Listener* then = certs::FindListener(plan->config, at_fault);
    if (now != nullptr && then != nullptr && *now == *then && !plan->rotation.Holds(at_fault)) {
      // The settings are those that work: what the library objects to is the files.
      certs::Hold(at_fault, reason, in_use, &plan->rotation);
    } else if (plan->refused.empty()) {
      planner_.Refuse(reason, config_, in_use, plan);
      RemoveUnusedSocketFiles();
      for (Worker::Sockets& opened : *sockets) opened.clear();
    } else {
      plan->refused = reason;  // what runs cannot be made anew
      return false;
    }
  }
  return false;
}

void Server::WarnOfWhatNeedsARestart(const config::Config& next) {
  for (const std::string& key : config::KeysThatNeedRestart(started_with_, next)) {
    logger_.Warn("restart_needed", "A changed key takes effect at the next start only.",
                 {{"key", key}});
  }
}

// Connections that the limits allow and that there are no descriptors for wait in the kernel.
void Server::WarnOfFewDescriptors() {
  uint64_t connections = 0;
  for (const config::Listener& listener : config_.listeners) {
    connections += listener.limits.connections;
  }
  const uint64_t open_files = base::OpenFileLimit();
  const auto for_clients = static_cast<uint64_t>(io::ClientDescriptors(open_files));
  if (connections <= for_clients) return;
  logger_.Warn(
      "descriptors_short",
      "limits.connections of all listeners together is more than there are descriptors "
      "for: raise the limit of open files (LimitNOFILE=), a descriptor for each client and "
      "one for each request in flight, or lower limits.connections.",
      {{"connections", connections}, {"for_clients", for_clients}, {"open_files", open_files}});
}

// systemd hands LoadCredential= files over once; what it is given later stays
// outside until a restart.
void Server::WarnOfFixedCredentials() {
  const std::optional<std::string> directory = environment_.Get("CREDENTIALS_DIRECTORY");
  if (!directory.has_value() || directory->empty()) return;
  for (const std::string& file : WatchedFiles()) {
    if (!file.starts_with(*directory + "/")) continue;
    logger_.Warn("credential_does_not_rotate",
                 "systemd does not renew this file while the service runs: a new certificate "
                 "needs a restart. Name the original path to have it picked up by itself.",
                 {{"path", file}});
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
  const ReloadSchedule& state = reload_->state();
  metrics_.SetReloadPending(state.pending());
  std::map<std::string, bool> listeners;
  for (const config::Listener& listener : config_.listeners) listeners[listener.name] = false;
  for (const auto& [listener, reason] : ListenersPending()) listeners[listener] = true;
  metrics_.SetListenersPending(std::move(listeners));
}

// ---- signals, drain, watchdog

void Server::OnSignal(int number) {
  switch (ActionOf(number)) {
    case SignalAction::kReload:
      OnReloadSignal();
      return;
    case SignalAction::kReopenLog:
      ReopenAccessLog();
      logger_.Info("log_reopened", "The access log's file was opened again.",
                   {{"signal", SignalName(number)}});
      return;
    case SignalAction::kIgnore:
      if (auto go = signal_log_budget_.Ask(clock_.MonotonicMs())) {
        logger_.Info("signal_ignored",
                     "This signal has no meaning here: SIGTERM drains, SIGHUP reloads, SIGUSR1 "
                     "opens the access log again.",
                     {{"signal", SignalName(number)}, {"suppressed", go.suppressed}});
      }
      return;
    case SignalAction::kDrain:
      break;
  }
  // A drain that the admin endpoint began is not cut short by the SIGTERM of a service manager
  // that stops the process after it.
  if (!std::exchange(told_to_end_, true)) {
    BeginDrain(SignalName(number));
    return;
  }
  logger_.Warn("stopping", "A second signal: ending at once.");
  // Workers may be busy; nobody is owed anything any more.
  _exit(0);
}

void Server::OnReloadSignal() {
  if (draining_) return;
  (void)systemd_.Reloading(clock_.MonotonicUs());
  ReopenAccessLog();
  const std::string error = reload_->LoadNow(/*by_signal=*/true);
  (void)systemd_.Ready(error.empty() ? "serving" : absl::StrCat("reload refused: ", error));
}

void Server::ReopenAccessLog() {
  if (absl::Status status = access_log_->Reopen(); !status.ok()) {
    logger_.Error("access_log", std::string(status.message()));
  }
}

void Server::BeginDrain(const std::string& why) {
  if (std::exchange(draining_, true)) return;
  metrics_.SetDraining(true);
  (void)systemd_.Stopping("draining");
  logger_.Info("drain_begun", "No new connections; those that are open get one more answer.",
               {{"why", why}, {"deadline_seconds", config_.drain.count() / 1000.0}});
  RemoveUnusedSocketFiles();
  workers_draining_ = workers_.size();
  for (auto& worker : workers_) {
    worker->Drain([this] {
      loop_.Post([this] {
        if (--workers_draining_ == 0) FinishDrain();
      });
    });
  }
  loop_.ArmIn(drain_deadline_, config_.drain.count());
}

void Server::FinishDrain() {
  logger_.Info("stopped", "The drain is over.");
  loop_.Stop();
}

void Server::StartWatchdog() {
  if (!systemd_.watchdog_interval_ms().has_value()) return;
  BeatWatchdog();
}

// One beat for all loops: if a worker has not turned since the last one, none is
// sent, and the service manager acts.
void Server::BeatWatchdog() {
  if (pings_out_ == 0) {
    (void)systemd_.Watchdog();
    pings_out_ = workers_.size();
    for (auto& worker : workers_) {
      worker->Ping([this] { loop_.Post([this] { --pings_out_; }); });
    }
  }
  loop_.ArmIn(watchdog_, *systemd_.watchdog_interval_ms());
}

void Server::KeepHouse() {
  access_log_->Retry();
  log_sink_.Retry();
  for (const ListenerSnapshot& listener : snapshot_->listeners) {
    listener.admission->Tidy(clock_.MonotonicUs());
  }
  if (const uint64_t dropped = log_sink_.dropped(); dropped != log_lines_dropped_) {
    logger_.Warn("log_lines_dropped", "Standard error was not read; records are lost.",
                 {{"count", dropped - log_lines_dropped_}});
    log_lines_dropped_ = dropped;
  }
  loop_.ArmIn(housekeeping_, kHousekeepingMs);
}

void Server::Run() {
  loop_.Run();
  // A signal that arrives from here on changes nothing: the end is a moment away
  // and must not turn into a death by signal when the handlers go. The workers
  // follow below, so nobody else could take it.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  listening_sockets_.RemoveFiles([](const std::string&) { return false; });
  metrics_endpoint_.reset();
  admin_endpoint_.reset();
  workers_.clear();
  access_log_->Drain(1000);
}

}  // namespace mantlet::server
