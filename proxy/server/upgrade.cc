#include "proxy/server/upgrade.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proxy/sandbox/user.h"

namespace mantlet::server {
namespace {

uint32_t UserOf(const config::Config& config) {
  if (config.user.empty()) return geteuid();
  const absl::StatusOr<sandbox::User> user = sandbox::FindUser(config.user);
  return user.ok() ? user->uid : geteuid();
}

// Leaves one descriptor of each socket. Workers may share one.
absl::Status RemoveDuplicates(std::vector<io::FileDescriptor>* sockets) {
  std::set<ino_t> seen;
  for (const io::FileDescriptor& socket : *sockets) {
    if (!socket) return absl::ResourceExhaustedError("it has no free file descriptors");
  }
  std::erase_if(*sockets, [&](const io::FileDescriptor& socket) {
    struct stat status{};
    return fstat(socket.get(), &status) == 0 && !seen.insert(status.st_ino).second;
  });
  return absl::OkStatus();
}

// Every error of an upgrade is one of the start, and none is one of the configuration.
absl::Status AsStartFailure(const absl::Status& status) {
  return absl::UnavailableError(status.message());
}

}  // namespace

// The answers of the workers.
struct Upgrade::Collection {
  SnapshotPtr snapshot;
  size_t workers_left = 0;
  Worker::Sockets sockets;
  Done done;
};

Upgrade::Upgrade(const config::Config& config, io::Loop& loop, base::Logger& logger,
                 observe::Metrics& metrics, ListenerBinder& binder, Actions actions)
    : config_(config),
      loop_(loop),
      logger_(logger),
      metrics_(metrics),
      binder_(binder),
      actions_(std::move(actions)) {}

absl::Status Upgrade::Receive() {
  const std::string& path = config_.upgrade.socket;
  if (path.empty()) return absl::OkStatus();
  absl::StatusOr<HandoverClient> running =
      HandoverClient::Connect(path, UserOf(config_), HandoverServer::kDeadlineMs);
  if (absl::IsNotFound(running.status())) return absl::OkStatus();
  if (!running.ok()) return AsStartFailure(running.status());
  absl::StatusOr<ReceivedSockets> received = running->Receive();
  if (!received.ok()) return AsStartFailure(received.status());
  running_ = *std::move(running);
  logger_.Info("upgrade_begun", "A running process has passed its listening sockets.",
               {{"pid", running_->pid()}});
  binder_.SetReceived(*std::move(received));
  return absl::OkStatus();
}

absl::Status Upgrade::Listen() {
  if (config_.upgrade.socket.empty()) return absl::OkStatus();
  absl::StatusOr<io::FileDescriptor> socket = binder_.OpenUpgrade();
  if (!socket.ok()) return socket.status();
  // Nothing is accepted before the loop runs.
  server_ = std::make_unique<HandoverServer>(
      loop_, *std::move(socket), logger_,
      HandoverServer::Actions{
          .refusal = actions_.refusal,
          .collect = [this](Done done) { Collect(std::move(done)); },
          .hand_over = [this](const auto& taken, int64_t pid) { HandOver(taken, pid); },
          .failed = actions_.failed,
          .not_replaced =
              [this] { metrics_.UpgradeEnded(observe::Metrics::Upgrade::kNotReplaced); }});
  return absl::OkStatus();
}

absl::Status Upgrade::TakeOver() {
  const std::vector<uint32_t> taken = binder_.FinishReceived();
  if (!running_.has_value()) return absl::OkStatus();
  const absl::Status status = running_->TakeOver(taken);
  if (absl::IsFailedPrecondition(status)) return AsStartFailure(status);
  using Result = observe::Metrics::Upgrade;
  metrics_.UpgradeEnded(status.ok() ? Result::kTookOver : Result::kTookOverUnconfirmed);
  if (status.ok()) {
    logger_.Info("upgrade_done", "This process has taken over; the one before drains.",
                 {{"pid", running_->pid()}});
  } else {
    logger_.Warn("upgrade_done",
                 "This process serves. The one before has not confirmed that it has stopped "
                 "accepting; check whether it still runs.",
                 {{"pid", running_->pid()}, {"reason", std::string(status.message())}});
  }
  running_.reset();
  return absl::OkStatus();
}

// Each worker makes its descriptors on its own thread.
void Upgrade::Collect(Done done) {
  const auto collection = std::make_shared<Collection>();
  const auto& workers = actions_.workers();
  collection->snapshot = actions_.snapshot();
  collection->workers_left = workers.size();
  collection->done = std::move(done);
  for (const auto& worker : workers) {
    worker->DuplicateSockets([this, collection](Worker::Sockets sockets) {
      loop_.Post([this, collection, sockets = std::move(sockets)]() mutable {
        for (auto& [name, list] : sockets) {
          std::move(list.begin(), list.end(), std::back_inserter(collection->sockets[name]));
        }
        if (--collection->workers_left == 0) OnCollected(*collection);
      });
    });
  }
}

void Upgrade::OnCollected(Collection& collection) {
  Sockets all;
  for (const ListenerSnapshot& listener : collection.snapshot->listeners) {
    const config::Address& address = listener.config.address;
    PassedSockets passed;
    passed.name = listener.config.name;
    if (address.kind == config::Address::Kind::kSystemd) {
      passed.use = SocketUse::kInherited;
      passed.name = address.path;
    } else if (address.kind == config::Address::Kind::kUnix && binder_.OwnsFile(address.path)) {
      passed.path = address.path;
    }
    passed.sockets = std::move(collection.sockets[listener.config.name]);
    all.push_back(std::move(passed));
  }
  for (PassedSockets& endpoint : actions_.endpoints()) all.push_back(std::move(endpoint));
  all.push_back({SocketUse::kUpgrade, "upgrade", config_.upgrade.socket, {}});
  all.back().sockets.push_back(server_->DuplicateSocket());
  for (PassedSockets& passed : all) {
    if (absl::Status status = RemoveDuplicates(&passed.sockets); !status.ok()) {
      collection.done(status);
      return;
    }
  }
  collection.done(std::move(all));
}

void Upgrade::HandOver(const std::vector<const PassedSockets*>& taken, int64_t pid) {
  metrics_.UpgradeEnded(observe::Metrics::Upgrade::kReplaced);
  TakenOver result;
  result.pid = pid;
  for (const PassedSockets* passed : taken) {
    if (!passed->path.empty()) binder_.DisownFile(passed->path);
    if (passed->use == SocketUse::kListener) result.listeners.insert(passed->name);
    if (passed->use == SocketUse::kEndpoint) result.endpoints.insert(passed->name);
  }
  actions_.drain(result);
}

}  // namespace mantlet::server
