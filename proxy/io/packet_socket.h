// Connections of Unix sockets that carry whole messages with file descriptors (SOCK_SEQPACKET and
// SCM_RIGHTS, see unix(7)). For the upgrade of the process; a message is never empty.
//
// The functions work with blocking and non-blocking sockets. Any thread.

#ifndef MANTLET_PROXY_IO_PACKET_SOCKET_H_
#define MANTLET_PROXY_IO_PACKET_SOCKET_H_

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proxy/io/file_descriptor.h"

namespace mantlet::io {

inline constexpr size_t kMaxPacketBytes = 64 * 1024;
// The kernel's limit is 253 (SCM_MAX_FD).
inline constexpr size_t kMaxPacketDescriptors = 250;

struct Packet {
  std::string bytes;
  std::vector<FileDescriptor> descriptors;  // close-on-exec
};

// The process at the other end. The kernel takes `uid` from the moment of connect(2), or of
// listen(2) for the process that is connected to.
struct PeerCredentials {
  pid_t pid = 0;
  uid_t uid = 0;
};
absl::StatusOr<PeerCredentials> PeerOf(int fd);

// Connects to the listening socket at `path`. Connecting and every later operation of the blocking
// socket may take as long as `timeout`. Returns NotFound if no process listens there.
absl::StatusOr<FileDescriptor> ConnectPacketSocket(const std::string& path,
                                                   std::chrono::milliseconds timeout);

// Both return DeadlineExceeded if the socket is not ready (in time), Cancelled if the peer has
// closed the connection, and InvalidArgument for a message beyond the limits above.
absl::Status SendPacket(int fd, std::string_view bytes, std::span<const int> descriptors = {});
absl::StatusOr<Packet> ReceivePacket(int fd);

}  // namespace mantlet::io

#endif  // MANTLET_PROXY_IO_PACKET_SOCKET_H_
