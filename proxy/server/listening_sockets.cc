#include "proxy/server/listening_sockets.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proxy/io/listener.h"
#include "proxy/io/socket_address.h"

namespace mantlet::server {

absl::StatusOr<BoundListener> ListeningSockets::Open(const config::Address& address, size_t count,
                                                     Others others) const {
  switch (address.kind) {
    case config::Address::Kind::kTcp:
      return OpenTcp(address, count, others);
    case config::Address::Kind::kUnix: {
      absl::StatusOr<io::SocketAddress> path = io::SocketAddress::Unix(address.path);
      if (!path.ok()) return path.status();
      absl::StatusOr<io::FileDescriptor> socket = io::OpenListeningSocket(*path);
      if (!socket.ok()) return socket.status();
      absl::StatusOr<BoundListener> bound = Share(*std::move(socket), count);
      if (bound.ok()) bound->unix_path = address.path;
      return bound;
    }
    case config::Address::Kind::kSystemd:
      break;
  }
  for (const base::InheritedSocket& inherited : inherited_) {
    if (inherited.name != address.path) continue;
    // A duplicate: the original stays, for a later reload to ask for it again.
    io::FileDescriptor socket(fcntl(inherited.fd, F_DUPFD_CLOEXEC, 3));
    int accepting = 0;
    socklen_t size = sizeof(accepting);
    if (!socket || getsockopt(socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &accepting, &size) != 0 ||
        accepting == 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("the socket '", address.path,
                       "' that the service manager passed is no listening stream socket; use "
                       "ListenStream= in the .socket unit"));
    }
    fcntl(socket.get(), F_SETFL, fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
    return Share(std::move(socket), count);
  }
  return absl::NotFoundError(absl::StrCat("the service manager passed no socket named '",
                                          address.path, "'; set FileDescriptorName=", address.path,
                                          " in the .socket unit"));
}

absl::StatusOr<BoundListener> ListeningSockets::OpenTcp(const config::Address& address,
                                                        size_t count, Others others) const {
  auto addresses = io::SocketAddress::Resolve(address.host, address.port);
  if (!addresses.ok()) return addresses.status();
  // A name with several addresses means its first: an operator who wants both
  // families writes [::] or two listeners.
  io::SocketAddress bind = addresses->front();
  if (others == Others::kRefuse && bind.port() != 0) {
    if (absl::Status status = io::CheckFree(bind); !status.ok()) return status;
  }
  BoundListener bound;
  for (size_t i = 0; i < count; ++i) {
    absl::StatusOr<io::FileDescriptor> socket = io::OpenListeningSocket(bind);
    if (!socket.ok()) return socket.status();
    if (bind.port() == 0) {
      absl::StatusOr<io::SocketAddress> local = io::LocalAddress(socket->get());
      if (!local.ok()) return local.status();
      bind.set_port(local->port());  // the others join the first
    }
    bound.sockets.push_back(*std::move(socket));
  }
  bound.address = bind.ToString();
  return bound;
}

absl::StatusOr<BoundListener> ListeningSockets::Share(io::FileDescriptor socket,
                                                      size_t count) const {
  absl::StatusOr<io::SocketAddress> local = io::LocalAddress(socket.get());
  if (!local.ok()) return local.status();
  BoundListener bound;
  bound.address = local->ToString();
  for (size_t i = 1; i < count; ++i) {
    io::FileDescriptor copy(fcntl(socket.get(), F_DUPFD_CLOEXEC, 3));
    if (!copy) return absl::ResourceExhaustedError(absl::StrCat("dup: ", std::strerror(errno)));
    bound.sockets.push_back(std::move(copy));
  }
  bound.sockets.push_back(std::move(socket));
  return bound;
}

}  // namespace mantlet::server
