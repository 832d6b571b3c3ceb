// Opens listening sockets, TCP and Unix. io/listener accepts their connections.

#ifndef MANTLET_PROXY_IO_LISTENING_SOCKET_H_
#define MANTLET_PROXY_IO_LISTENING_SOCKET_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "proxy/io/file_descriptor.h"
#include "proxy/io/socket_address.h"

namespace mantlet::io {

struct ListenOptions {
  bool v6_only = false;       // TCP: an IPv6 wildcard does not include IPv4
  bool shared = true;         // TCP: other sockets may have the same address (SO_REUSEPORT)
  uint32_t unix_mode = 0600;  // Unix: permissions of the socket file
  std::string unix_group{};   // Unix: its group, by name or number; empty: the process's
  bool packets = false;       // Unix: SOCK_SEQPACKET (io/packet_socket.h) instead of SOCK_STREAM
  bool operator==(const ListenOptions&) const = default;
};

// SocketFile identifies a socket file in its file system. Comparing two values shows whether a path
// still leads to the socket that was bound there. The comparison is exact while that socket is
// open, because its inode is not reused.
struct SocketFile {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const SocketFile&) const = default;
};
// Returns nothing if there is no socket at `path`.
std::optional<SocketFile> SocketFileAt(const std::string& path);

// Binds and listens. TCP sockets get TCP_NODELAY, which accepted sockets inherit, and SO_REUSEPORT
// if they are shared (one socket per worker; the kernel distributes connections). A Unix socket
// file of a process that no longer runs is removed first; if a process still listens on it, an
// error is returned. Mode and group are set before a client can connect.
absl::StatusOr<FileDescriptor> OpenListeningSocket(const SocketAddress& address,
                                                   const ListenOptions& options = {});
// Sets mode and group of the socket file at `address`.
absl::Status RestrictSocketFile(const SocketAddress& address, const ListenOptions& options);

// Returns an error if a TCP address is in use. OpenListeningSocket cannot detect that: another
// process of the same user that shares the address would receive part of the connections.
absl::Status CheckFree(const SocketAddress& address, bool v6_only = false);
// Returns the address that a socket is bound to, with the port that the kernel chose for port 0.
absl::StatusOr<SocketAddress> LocalAddress(int fd);

// Returns the number of a group given by name or number; NotFound if there is none.
absl::StatusOr<gid_t> GroupNumber(const std::string& group);

}  // namespace mantlet::io

#endif  // MANTLET_PROXY_IO_LISTENING_SOCKET_H_
