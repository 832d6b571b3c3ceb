// HandoverClient is the successor's side of an upgrade (server/handover_message.h has the
// protocol): it takes the listening sockets of the process that runs with the same upgrade socket.
//
// Its calls block, for at most HandoverServer::kDeadlineMs for each message; it is used before the
// loop runs. An error is a sentence that names the socket and what to do.

#ifndef MANTLET_PROXY_SERVER_HANDOVER_CLIENT_H_
#define MANTLET_PROXY_SERVER_HANDOVER_CLIENT_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proxy/io/file_descriptor.h"
#include "proxy/server/handover_message.h"
#include "proxy/server/received_sockets.h"

namespace mantlet::server {

class HandoverClient {
 public:
  // Connects to the process that listens on `path`. Returns NotFound if there is none. The process
  // must belong to root, to the user of this one, or to `also_trusted`.
  static absl::StatusOr<HandoverClient> Connect(const std::string& path, uint32_t also_trusted,
                                                int64_t timeout_ms);

  // Receives the sockets. Call it once.
  absl::StatusOr<ReceivedSockets> Receive();
  // The running process; after Receive().
  int64_t pid() const { return pid_; }

  // Tells the running process that this one will accept from `taken` and serves then, and waits
  // until it has stopped to accept. Call it once, when nothing can fail any more. Returns
  // FailedPrecondition if it refuses: it continues, and this process must not serve. After any
  // other error the running process has ended or hangs, and this process should serve: if both
  // accept, no connection is lost.
  absl::Status TakeOver(const std::vector<uint32_t>& taken);

 private:
  HandoverClient(std::string path, io::FileDescriptor fd)
      : path_(std::move(path)), fd_(std::move(fd)) {}

  struct Answer {
    HandoverMessage message;
    std::vector<io::FileDescriptor> descriptors;
  };
  absl::StatusOr<Answer> Ask(const std::string& request);
  absl::Status Annotate(const absl::Status& status) const;

  std::string path_;
  io::FileDescriptor fd_;
  int64_t pid_ = 0;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_HANDOVER_CLIENT_H_
