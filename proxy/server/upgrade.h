// Upgrade replaces a running process by another one without a refused connection (`upgrade:` in
// config/README.md). At the start it takes over the listening sockets of the process that runs;
// later it gives those of this process to the next one.
//
// The listening sockets themselves go over. The kernel keeps a queue of connections for each, which
// would be lost with the socket, and other sockets of the same port (SO_REUSEPORT) do not get it.
//
// Main thread only.

#ifndef MANTLET_PROXY_SERVER_UPGRADE_H_
#define MANTLET_PROXY_SERVER_UPGRADE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "config/config.h"
#include "proxy/base/log.h"
#include "proxy/io/loop.h"
#include "proxy/observe/metrics.h"
#include "proxy/server/handover_client.h"
#include "proxy/server/handover_server.h"
#include "proxy/server/listener_binder.h"
#include "proxy/server/received_sockets.h"
#include "proxy/server/snapshot.h"
#include "proxy/server/worker.h"

namespace mantlet::server {

class Upgrade {
 public:
  // What the successor accepts from now on.
  struct TakenOver {
    std::set<std::string> listeners, endpoints;  // by name
    int64_t pid = 0;                             // the successor
  };
  struct Actions {
    // As in HandoverServer::Actions.
    std::function<std::string()> refusal;
    std::function<SnapshotPtr()> snapshot;
    std::function<const std::vector<std::unique_ptr<Worker>>&()> workers;
    // Returns descriptors of the sockets of the endpoints, each with its name.
    std::function<std::vector<PassedSockets>()> endpoints;
    // Stops accepting and drains. Socket files that the successor uses are disowned already.
    std::function<void(const TakenOver& taken)> drain;
    std::function<void()> failed;
  };

  // All arguments but `actions` must outlive the object.
  Upgrade(const config::Config& config, io::Loop& loop, base::Logger& logger,
          observe::Metrics& metrics, ListenerBinder& binder, Actions actions);

  // The start of a process, in this order. Each does nothing without `upgrade:`.
  //
  // Receives the sockets of the running process, if there is one, for the binder.
  absl::Status Receive();
  bool has_predecessor() const { return running_.has_value(); }
  // Opens the upgrade socket.
  absl::Status Listen();
  // Takes over: the running process stops accepting. Afterwards nothing may fail. After an error
  // the running process continues, and this one must not serve.
  absl::Status TakeOver();

  // Returns whether a successor has the sockets and is not ready yet.
  bool in_progress() const { return server_ != nullptr && server_->in_progress(); }

 private:
  using Sockets = HandoverServer::Sockets;
  using Done = std::function<void(absl::StatusOr<Sockets>)>;
  struct Collection;

  void Collect(Done done);
  void OnCollected(Collection& collection);
  void HandOver(const std::vector<const PassedSockets*>& taken, int64_t pid);

  const config::Config& config_;
  io::Loop& loop_;
  base::Logger& logger_;
  observe::Metrics& metrics_;
  ListenerBinder& binder_;
  const Actions actions_;
  std::optional<HandoverClient> running_;   // until it is replaced
  std::unique_ptr<HandoverServer> server_;  // null without `upgrade:`
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_UPGRADE_H_
