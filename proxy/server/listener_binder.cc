#include "proxy/server/listener_binder.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "config/address_overlap.h"

namespace mantlet::server {
namespace {

io::ListenOptions OptionsOf(const config::Config& config, const config::Listener& listener) {
  return {.v6_only = config::IsV6Only(config, listener.address),
          .unix_mode = listener.socket_mode,
          .unix_group = listener.socket_group};
}

// An endpoint's socket is exclusive, so that a listener of a later configuration cannot share its
// address by mistake.
io::ListenOptions OptionsOf(const config::Config& config, const config::Endpoint& endpoint) {
  return {.v6_only = config::IsV6Only(config, endpoint.address),
          .shared = false,
          .unix_mode = endpoint.socket_mode,
          .unix_group = endpoint.socket_group};
}

absl::Status Annotate(const absl::Status& status, const std::string& prefix) {
  return absl::Status(status.code(), absl::StrCat(prefix, ": ", std::string(status.message())));
}

}  // namespace

ListenerBinder::ListenerBinder(const config::Config& started_with,
                               std::vector<InheritedSocket> inherited, base::Logger& logger)
    : started_with_(started_with), logger_(logger), sockets_(std::move(inherited)) {}

absl::StatusOr<io::FileDescriptor> ListenerBinder::OpenEndpoint(const config::Endpoint& endpoint,
                                                                const std::string& name) {
  absl::StatusOr<std::vector<BoundListener>> bound =
      sockets_.Open(endpoint.address, 1, ListeningSockets::PortSharing::kExclusive,
                    OptionsOf(started_with_, endpoint), {SocketUse::kEndpoint, name});
  if (!bound.ok()) return Annotate(bound.status(), name);
  LogListening(name, "An endpoint is bound.", bound->front());
  return std::move(bound->front().sockets[0]);
}

absl::StatusOr<io::FileDescriptor> ListenerBinder::OpenUpgrade() {
  absl::StatusOr<std::vector<BoundListener>> bound = sockets_.Open(
      config::UpgradeAddress(started_with_), 1, ListeningSockets::PortSharing::kExclusive,
      {.packets = true}, {SocketUse::kUpgrade, "upgrade"});
  if (!bound.ok()) return Annotate(bound.status(), "upgrade.socket");
  return std::move(bound->front().sockets[0]);
}

std::vector<uint32_t> ListenerBinder::FinishReceived() {
  sockets_.MoveSuccessors();
  return sockets_.FinishReceived();
}

void ListenerBinder::LogListening(const std::string& name, const char* text,
                                  const BoundListener& bound) {
  logger_.Info("listening", text,
               {{"listener", name}, {"address", bound.address}, {"taken_over", bound.received}});
}

absl::Status ListenerBinder::Bind(const Snapshot& next, const Snapshot* running) {
  opened_.clear();
  opened_.resize(worker_count_);
  const config::Config then = AsBound(next.config);
  const config::Config now = running == nullptr ? then : AsBound(running->config);
  for (const ListenerSnapshot& listener : next.listeners) {
    const config::Listener& config = listener.config;
    const ListenerSnapshot* before = running == nullptr ? nullptr : running->Find(config.name);
    if (before != nullptr && before->config.address == config.address &&
        OptionsOf(now, before->config) == OptionsOf(then, config)) {
      continue;
    }
    if (absl::Status status = OpenListener(next, config, running); !status.ok()) {
      return Annotate(status, absl::StrCat("listener '", config.name, "'"));
    }
  }
  return absl::OkStatus();
}

absl::Status ListenerBinder::OpenListener(const Snapshot& next, const config::Listener& listener,
                                          const Snapshot* running) {
  ListeningSockets::PortSharing sharing = ListeningSockets::PortSharing::kExclusive;
  if (running != nullptr) {
    absl::Status status = CheckAgainstEndpoints(next.config, listener.address);
    if (!status.ok()) return status;
    if (IsOurPort(listener.address, *running)) sharing = ListeningSockets::PortSharing::kShared;
  }
  absl::StatusOr<std::vector<BoundListener>> bound = sockets_.Open(
      listener.address, worker_count_, sharing, OptionsOf(AsBound(next.config), listener),
      {SocketUse::kListener, listener.name});
  if (!bound.ok()) return bound.status();
  std::set<std::string> logged;
  for (BoundListener& one : *bound) {
    for (size_t i = 0; i < worker_count_; ++i) {
      opened_[i][listener.name].push_back(std::move(one.sockets[i]));
    }
    // With several sockets of one address for each worker, there are several results.
    if (logged.insert(one.address).second) {
      LogListening(listener.name, "A listener is bound.", one);
    }
  }
  return absl::OkStatus();
}

// Returns whether a socket of this process is already bound to the port, at any address.
bool ListenerBinder::IsOurPort(const config::Address& address, const Snapshot& running) const {
  if (address.kind != config::Address::Kind::kTcp) return false;
  for (const config::Config* config : {&running.config, &started_with_}) {
    for (const config::BoundAddress& bound : config::BoundAddresses(*config)) {
      if (bound.address.kind == address.kind && bound.address.port == address.port) return true;
    }
  }
  return false;
}

// Returns `config` with the current addresses of the endpoints; other addresses in it take effect
// at the next start.
config::Config ListenerBinder::AsBound(config::Config config) const {
  config.metrics = started_with_.metrics;
  config.admin = started_with_.admin;
  return config;
}

// Rejects a listener whose address overlaps with that of an endpoint: the kernel would give each of
// them a part of the other's connections, and a wildcard for both families would get IPv6 only.
absl::Status ListenerBinder::CheckAgainstEndpoints(const config::Config& next,
                                                   const config::Address& address) const {
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
  const config::Address upgrade = config::UpgradeAddress(started_with_);
  if (!upgrade.path.empty() && config::Compare(upgrade, address) != config::Overlap::kNone) {
    return absl::AlreadyExistsError(
        absl::StrCat("cannot listen on ", config::ToString(address),
                     ": it is the upgrade socket until the next start"));
  }
  return absl::OkStatus();
}

void ListenerBinder::Discard(const Snapshot& running) {
  RemoveFilesExcept(&running);
  opened_.clear();
}

std::vector<WorkerSockets> ListenerBinder::Commit(const Snapshot& activated) {
  sockets_.Commit();
  RemoveFilesExcept(&activated);
  return std::exchange(opened_, {});
}

// A socket file outlives its socket. It is removed before the socket closes, because afterwards the
// file of another process could not be distinguished from ours.
void ListenerBinder::RemoveFilesExcept(const Snapshot* next) {
  sockets_.RemoveFiles([&](const std::string& path) {
    for (const config::Endpoint* endpoint : {&started_with_.metrics, &started_with_.admin}) {
      if (endpoint->enabled && endpoint->address.path == path) return true;
    }
    if (started_with_.upgrade.socket == path) return true;
    if (next == nullptr) return false;
    for (const ListenerSnapshot& listener : next->listeners) {
      if (listener.config.address.path == path) return true;
    }
    return false;
  });
}

void ListenerBinder::RemoveAllFiles() {
  sockets_.RemoveFiles([](const std::string&) { return false; });
}

}  // namespace mantlet::server
