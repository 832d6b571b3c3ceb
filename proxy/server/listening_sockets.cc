#include "proxy/server/listening_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proxy/io/socket_address.h"

namespace mantlet::server {

absl::StatusOr<std::vector<BoundListener>> ListeningSockets::Open(
    const config::Address& address, size_t count, PortSharing sharing,
    const io::ListenOptions& options) {
  if (address.kind == config::Address::Kind::kSystemd) return OpenInherited(address.path, count);
  absl::StatusOr<BoundListener> bound = address.kind == config::Address::Kind::kTcp
                                            ? OpenTcp(address, count, sharing, options)
                                            : OpenUnix(address.path, count, options);
  if (!bound.ok()) return bound.status();
  std::vector<BoundListener> all;
  all.push_back(*std::move(bound));
  return all;
}

absl::StatusOr<BoundListener> ListeningSockets::OpenTcp(const config::Address& address,
                                                        size_t count, PortSharing sharing,
                                                        const io::ListenOptions& options) const {
  auto addresses = io::SocketAddress::Resolve(address.host, address.port);
  if (!addresses.ok()) return addresses.status();
  // If a name has several addresses, the first is used. For both address families, write [::] or
  // two listeners.
  io::SocketAddress bind = addresses->front();
  if (sharing == PortSharing::kExclusive && bind.port() != 0) {
    if (absl::Status status = io::CheckFree(bind, options.v6_only); !status.ok()) return status;
  }
  BoundListener bound;
  for (size_t i = 0; i < count; ++i) {
    absl::StatusOr<io::FileDescriptor> socket = io::OpenListeningSocket(bind, options);
    if (!socket.ok()) return socket.status();
    if (bind.port() == 0) {
      absl::StatusOr<io::SocketAddress> local = io::LocalAddress(socket->get());
      if (!local.ok()) return local.status();
      bind.set_port(local->port());  // the other sockets share the port of the first
    }
    bound.sockets.push_back(*std::move(socket));
  }
  bound.address = bind.ToString();
  return bound;
}

bool ListeningSockets::IsOurs(const std::string& path) const {
  const auto file = files_.find(path);
  return file != files_.end() && io::SocketFileAt(path) == file->second;
}

absl::StatusOr<BoundListener> ListeningSockets::OpenUnix(const std::string& path, size_t count,
                                                         const io::ListenOptions& options) {
  const bool replaces = IsOurs(path);
  const std::string bound_at = replaces ? path + ".new" : path;
  absl::StatusOr<io::SocketAddress> address = io::SocketAddress::Unix(bound_at);
  if (!address.ok()) return address.status();
  if (const auto there = io::SocketFileAt(path); !replaces && there.has_value()) {
    for (const auto& [other, file] : files_) {
      if (file != *there) continue;
      return absl::AlreadyExistsError(absl::StrCat("cannot listen on unix:", path,
                                                   ": this is the socket that mantlet listens on "
                                                   "as unix:",
                                                   other));
    }
  }
  absl::StatusOr<io::FileDescriptor> socket = io::OpenListeningSocket(*address, options);
  if (!socket.ok()) return socket.status();
  if (replaces) {
    successors_[path] = bound_at;
  } else if (const auto file = io::SocketFileAt(path); file.has_value()) {
    files_[path] = *file;
  }
  absl::StatusOr<BoundListener> bound = Share(*std::move(socket), count);
  if (bound.ok()) bound->address = absl::StrCat("unix:", path);
  return bound;
}

void ListeningSockets::Commit() {
  for (const auto& [path, bound_at] : successors_) {
    const std::optional<io::SocketFile> file = io::SocketFileAt(bound_at);
    if (file.has_value() && rename(bound_at.c_str(), path.c_str()) == 0) files_[path] = *file;
  }
  successors_.clear();
}

void ListeningSockets::RemoveFiles(const std::function<bool(const std::string& path)>& keep) {
  for (const auto& [path, bound_at] : successors_) unlink(bound_at.c_str());
  successors_.clear();
  std::erase_if(files_, [&](const auto& entry) {
    const std::string& path = entry.first;
    if (keep(path)) return false;
    // Another process may have replaced the file meanwhile.
    if (IsOurs(path)) unlink(path.c_str());
    return true;
  });
}

absl::StatusOr<std::vector<BoundListener>> ListeningSockets::OpenInherited(const std::string& name,
                                                                           size_t count) {
  std::vector<BoundListener> all;
  for (const InheritedSocket& inherited : inherited_) {
    if (inherited.name != name) continue;
    // The original stays open, so that a later reload can use it again.
    io::FileDescriptor socket(fcntl(inherited.fd, F_DUPFD_CLOEXEC, 3));
    int accepting = 0;
    socklen_t size = sizeof(accepting);
    if (!socket || getsockopt(socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &accepting, &size) != 0 ||
        accepting == 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("the socket '", name,
                       "' that the service manager passed is no listening stream socket; use "
                       "ListenStream= in the .socket unit"));
    }
    fcntl(socket.get(), F_SETFL, fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
    absl::StatusOr<BoundListener> bound = Share(std::move(socket), count);
    if (!bound.ok()) return bound.status();
    all.push_back(*std::move(bound));
  }
  if (!all.empty()) {
    used_names_.insert(name);
    return all;
  }
  return absl::NotFoundError(absl::StrCat("the service manager passed no socket named '", name,
                                          "'; set FileDescriptorName=", name,
                                          " in the .socket unit"));
}

std::set<std::string> ListeningSockets::UnusedInherited() const {
  std::set<std::string> unused;
  for (const InheritedSocket& inherited : inherited_) {
    if (!used_names_.contains(inherited.name)) unused.insert(inherited.name);
  }
  return unused;
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
