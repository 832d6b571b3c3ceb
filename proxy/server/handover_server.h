// HandoverServer gives the listening sockets of this process to a successor: another process that
// connects to the upgrade socket (server/handover_message.h has the protocol). Until the successor
// is ready, nothing changes here; if it fails, closes the connection or takes too long, this
// process continues. Only one handover happens at a time.
//
// Only processes of this process's user and of root are answered. Main loop only.

#ifndef MANTLET_PROXY_SERVER_HANDOVER_SERVER_H_
#define MANTLET_PROXY_SERVER_HANDOVER_SERVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/base/log.h"
#include "proxy/io/file_descriptor.h"
#include "proxy/io/listener.h"
#include "proxy/io/loop.h"
#include "proxy/server/received_sockets.h"

namespace mantlet::server {

class HandoverServer {
 public:
  using Sockets = std::vector<PassedSockets>;
  struct Actions {
    // Returns why no handover can begin now; empty if it can.
    std::function<std::string()> refusal;
    // Calls its argument once, later, on the loop's thread, with descriptors of every socket.
    std::function<void(std::function<void(absl::StatusOr<Sockets>)>)> collect;
    // The successor is ready, and will accept from `taken`. Stops accepting.
    std::function<void(const std::vector<const PassedSockets*>& taken, int64_t pid)> hand_over;
    // A handover that had begun has failed.
    std::function<void()> failed;
    // A process did not take over, for any reason. Called before `failed`.
    std::function<void()> not_replaced = [] {};
  };

  // The longest time from the connection to the successor's readiness.
  static constexpr int64_t kDeadlineMs = 10'000;

  // `socket` is the upgrade socket. `loop` and `logger` must outlive the server.
  HandoverServer(io::Loop& loop, io::FileDescriptor socket, base::Logger& logger, Actions actions,
                 int64_t deadline_ms = kDeadlineMs);
  ~HandoverServer();
  HandoverServer(const HandoverServer&) = delete;

  // Returns whether a successor has the sockets, or is about to get them, and is not ready yet.
  bool in_progress() const;
  // Returns another descriptor of the upgrade socket; empty if there is none free.
  io::FileDescriptor DuplicateSocket() const { return listener_->Duplicate(); }

 private:
  class Successor;

  void Accept(io::FileDescriptor fd);
  void OnReady(const std::vector<const PassedSockets*>& taken);
  // Ends the handover in progress. `reason` is empty if the successor has taken over or was
  // refused before it began.
  void End(const std::string& reason);

  io::Loop& loop_;
  base::Logger& logger_;
  const Actions actions_;
  const int64_t deadline_ms_;
  std::unique_ptr<io::Listener> listener_;  // null when a successor has taken over
  std::unique_ptr<Successor> successor_;    // null unless a process is connected
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_HANDOVER_SERVER_H_
