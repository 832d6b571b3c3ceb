#include "proxy/server/listening_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proxy/io/socket_address.h"

namespace mantlet::server {
namespace {

template <typename T>
std::vector<T> OneOf(T value) {
  std::vector<T> list;
  list.push_back(std::move(value));
  return list;
}

}  // namespace

std::string SuccessorPath(const std::string& path) { return path + ".new"; }

ListeningSockets::Bound ListeningSockets::Open(const config::Address& address, size_t count,
                                               PortSharing sharing,
                                               const io::ListenOptions& options,
                                               const SocketOwner& owner) {
  switch (address.kind) {
    case config::Address::Kind::kSystemd:
      return OpenInherited(address.path, count);
    case config::Address::Kind::kUnix:
      return OpenUnix(address.path, count, options, owner);
    case config::Address::Kind::kTcp:
      break;
  }
  return OpenTcp(address, count, sharing, options, owner);
}

// Every socket goes to a worker, and every worker gets as many as the others. So some sockets have
// several workers unless one of the numbers is a multiple of the other.
ListeningSockets::Bound ListeningSockets::Spread(std::vector<io::FileDescriptor> sockets,
                                                 size_t count, const std::string& address) {
  const size_t rounds = (sockets.size() + count - 1) / count;
  std::vector<BoundListener> all;
  for (size_t round = 0; round < rounds; ++round) {
    BoundListener bound;
    bound.address = address;
    bound.received = true;
    for (size_t worker = 0; worker < count; ++worker) {
      const size_t number = round * count + worker;
      if (number < sockets.size()) {
        fcntl(sockets[number].get(), F_SETFL, fcntl(sockets[number].get(), F_GETFL) | O_NONBLOCK);
        bound.sockets.push_back(std::move(sockets[number]));
        continue;
      }
      // The sockets of the first round are in use already.
      const BoundListener& first = all.empty() ? bound : all.front();
      const int original = first.sockets[number % sockets.size()].get();
      bound.sockets.emplace_back(fcntl(original, F_DUPFD_CLOEXEC, 3));
      if (!bound.sockets.back()) {
        return absl::ResourceExhaustedError(absl::StrCat("dup: ", std::strerror(errno)));
      }
    }
    all.push_back(std::move(bound));
  }
  return all;
}

ListeningSockets::Bound ListeningSockets::OpenTcp(const config::Address& address, size_t count,
                                                  PortSharing sharing,
                                                  const io::ListenOptions& options,
                                                  const SocketOwner& owner) {
  auto addresses = io::SocketAddress::Resolve(address.host, address.port);
  if (!addresses.ok()) return addresses.status();
  // If a name has several addresses, the first is used. For both address families, write [::] or
  // two listeners.
  io::SocketAddress bind = addresses->front();
  auto received = received_.TakeTcp(owner.use, owner.name, bind, options.v6_only);
  if (!received.empty()) {
    if (auto local = io::LocalAddress(received.front().get()); local.ok()) bind = *local;
    return Spread(std::move(received), count, bind.ToString());
  }
  // The process that has passed a socket with this port will close it.
  const bool exclusive = sharing == PortSharing::kExclusive && !received_.HasPort(bind.port());
  if (exclusive && bind.port() != 0) {
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
  return OneOf(std::move(bound));
}

bool ListeningSockets::IsOurs(const std::string& path) const {
  const auto file = files_.find(path);
  return file != files_.end() && io::SocketFileAt(path) == file->second;
}

ListeningSockets::Bound ListeningSockets::OpenUnix(const std::string& path, size_t count,
                                                   const io::ListenOptions& options,
                                                   const SocketOwner& owner) {
  if (auto received = received_.TakeUnix(owner.use, path, options); !received.empty()) {
    received_paths_.insert(path);
    return Spread(std::move(received), count, absl::StrCat("unix:", path));
  }
  const bool replaces = IsOurs(path) || received_.HasPath(path);
  const std::string bound_at = replaces ? SuccessorPath(path) : path;
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
  if (!bound.ok()) return bound.status();
  bound->address = absl::StrCat("unix:", path);
  return OneOf(*std::move(bound));
}

void ListeningSockets::MoveSuccessors() {
  for (const auto& [path, bound_at] : successors_) {
    const std::optional<io::SocketFile> file = io::SocketFileAt(bound_at);
    if (file.has_value() && rename(bound_at.c_str(), path.c_str()) == 0) files_[path] = *file;
  }
  successors_.clear();
}

void ListeningSockets::Commit() {
  MoveSuccessors();
  for (const std::string& path : received_paths_) {
    if (const auto file = io::SocketFileAt(path); file.has_value()) files_[path] = *file;
  }
  received_paths_.clear();
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

ListeningSockets::Bound ListeningSockets::OpenInherited(const std::string& name, size_t count) {
  const bool own = std::any_of(inherited_.begin(), inherited_.end(),
                               [&](const InheritedSocket& socket) { return socket.name == name; });
  if (!own) {
    for (io::FileDescriptor& socket : received_.TakeInherited(name)) {
      inherited_.push_back({socket.Release(), name});
    }
  }
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
    // The service manager shares the flag, and clears it when it passes the socket to another
    // process. Then a call of accept(2) on an empty queue must not wait for long.
    const timeval shortest = {.tv_sec = 0, .tv_usec = 1};
    setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &shortest, sizeof(shortest));
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
