// ListenerBinder opens the sockets of listeners and endpoints at their configured addresses. A
// reload that changes the address of a listener opens it again. The endpoints (metrics, admin) keep
// the address they had at the start, and no listener may use a part of it.
//
// Main thread only.

#ifndef MANTLET_PROXY_SERVER_LISTENER_BINDER_H_
#define MANTLET_PROXY_SERVER_LISTENER_BINDER_H_

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "config/config.h"
#include "proxy/base/log.h"
#include "proxy/io/file_descriptor.h"
#include "proxy/server/listening_sockets.h"
#include "proxy/server/snapshot.h"

namespace mantlet::server {

// The new sockets of one worker, by listener name.
using WorkerSockets = std::map<std::string, std::vector<io::FileDescriptor>>;

class ListenerBinder {
 public:
  // `started_with` and `logger` outlive the binder.
  ListenerBinder(const config::Config& started_with, std::vector<InheritedSocket> inherited,
                 base::Logger& logger);
  ListenerBinder(const ListenerBinder&) = delete;

  // Sets the number of workers for which Bind opens sockets. Must be called before the first Bind.
  void SetWorkerCount(size_t count) { worker_count_ = count; }

  // Opens the socket of an endpoint. `name` ("metrics") is used in errors and the log.
  absl::StatusOr<io::FileDescriptor> OpenEndpoint(const config::Endpoint& endpoint,
                                                  const std::string& name);

  // Opens the socket for upgrades. Its config is not empty.
  absl::StatusOr<io::FileDescriptor> OpenUpgrade();

  // Sets the sockets that another process has passed; OpenEndpoint(), OpenUpgrade() and Bind() use
  // those that fit. FinishReceived() returns the numbers of the used ones, closes the rest, and
  // moves sockets that replace a socket file of the other process to its place.
  void SetReceived(ReceivedSockets received) { sockets_.SetReceived(std::move(received)); }
  std::vector<uint32_t> FinishReceived();

  // Opens every socket that `next` needs and `running` does not have. `running` is null if nothing
  // runs yet. An error rejects the configuration of `next`.
  absl::Status Bind(const Snapshot& next, const Snapshot* running);
  // Closes the sockets that Bind has opened since `running` was activated.
  void Discard(const Snapshot& running);

  // Returns the sockets that Bind has opened, one entry for each worker. `activated` is the
  // snapshot in use from now on; the socket files of listeners that it does not have are removed.
  std::vector<WorkerSockets> Commit(const Snapshot& activated);

  // Returns whether the file at `path` belongs to a socket of this process, and gives it up.
  bool OwnsFile(const std::string& path) const { return sockets_.IsOurs(path); }
  void DisownFile(const std::string& path) { sockets_.Disown(path); }
  // Removes the socket files of all listeners, but not those of the endpoints and of the upgrade,
  // which are used until the process ends. Used by a drain.
  void RemoveListenerFiles() { RemoveFilesExcept(nullptr); }
  // Removes all socket files. Called before the process ends and before
  // the sockets close.
  void RemoveAllFiles();

  // Returns the names of sockets that the service manager passed and no address uses.
  std::set<std::string> UnusedInherited() const { return sockets_.UnusedInherited(); }

 private:
  void LogListening(const std::string& name, const char* text, const BoundListener& bound);
  absl::Status OpenListener(const Snapshot& next, const config::Listener& listener,
                            const Snapshot* running);
  bool IsOurPort(const config::Address& address, const Snapshot& running) const;
  config::Config AsBound(config::Config config) const;
  absl::Status CheckAgainstEndpoints(const config::Config& next,
                                     const config::Address& address) const;
  void RemoveFilesExcept(const Snapshot* next);

  const config::Config& started_with_;
  base::Logger& logger_;
  ListeningSockets sockets_;
  size_t worker_count_ = 1;
  std::vector<WorkerSockets> opened_;  // opened by Bind, not yet committed
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_LISTENER_BINDER_H_
