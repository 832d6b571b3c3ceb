#include "proxy/io/listening_socket.h"

#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace mantlet::io {
namespace {

constexpr int kBacklog = 4096;  // the kernel lowers it to net.core.somaxconn

absl::Status Errno(std::string_view what, const SocketAddress& address) {
  std::string_view hint;
  if (errno == EADDRINUSE) {
    hint = address.is_unix() ? "; another process has just bound it"
                             : "; another process listens there: stop it or choose another port";
  }
  if (errno == EACCES) {
    hint = address.is_unix()
               ? "; let the user that runs mantlet write to its folder"
               : "; ports below 1024 need CAP_NET_BIND_SERVICE (AmbientCapabilities= in a systemd "
                 "unit)";
  }
  if (errno == EADDRNOTAVAIL) hint = "; this machine has no such address";
  return absl::UnavailableError(absl::StrCat(std::string(what), " ", address.ToString(), ": ",
                                             std::strerror(errno), std::string(hint)));
}

absl::Status InTheWay(const std::string& path, std::string_view what) {
  return absl::AlreadyExistsError(
      absl::StrCat("cannot listen on unix:", path, ": ", std::string(what)));
}

// Removes the socket file of a process that was killed: only such a socket refuses connections.
absl::Status RemoveStaleSocket(const SocketAddress& address, int type) {
  const std::string path = address.unix_path();
  struct stat status;
  if (lstat(path.c_str(), &status) != 0) return absl::OkStatus();
  if (!S_ISSOCK(status.st_mode))
    return InTheWay(path, "the path exists and is not a socket; remove it or choose another path");
  // Non-blocking: if another process listens, its queue may be full.
  FileDescriptor probe(socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (connect(probe.get(), address.data(), address.size()) == 0 || errno == EAGAIN) {
    return InTheWay(path, "another process is listening there; stop it or choose another path");
  }
  if (errno != ECONNREFUSED) {
    return InTheWay(path, absl::StrCat("cannot tell whether the existing socket is in use (",
                                       std::strerror(errno), "); remove it if it is not"));
  }
  unlink(path.c_str());
  return absl::OkStatus();
}

absl::Status SetTcpOptions(int fd, const SocketAddress& address, const ListenOptions& options) {
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (options.shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) {
    return Errno("cannot set SO_REUSEPORT on", address);
  }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (options.v6_only && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) {
    return Errno("cannot set IPV6_V6ONLY on", address);
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<SocketFile> SocketFileAt(const std::string& path) {
  struct stat status;
  if (lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return std::nullopt;
  return SocketFile{status.st_dev, status.st_ino};
}

absl::StatusOr<FileDescriptor> OpenListeningSocket(const SocketAddress& address,
                                                   const ListenOptions& options) {
  const int type = options.packets ? SOCK_SEQPACKET : SOCK_STREAM;
  if (address.is_unix()) {
    if (absl::Status status = RemoveStaleSocket(address, type); !status.ok()) return status;
  }
  FileDescriptor fd(socket(address.family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return Errno("cannot open a socket for", address);
  if (!address.is_unix()) {
    if (absl::Status status = SetTcpOptions(fd.get(), address, options); !status.ok()) {
      return status;
    }
  }
  if (bind(fd.get(), address.data(), address.size()) != 0) {
    return Errno("cannot listen on", address);
  }
  absl::Status status;
  // No client can connect between bind(2) and listen(2).
  if (address.is_unix()) status = RestrictSocketFile(address, options);
  if (status.ok() && listen(fd.get(), kBacklog) != 0) status = Errno("cannot listen on", address);
  if (status.ok()) return fd;
  if (address.is_unix()) unlink(address.unix_path().c_str());
  return status;
}

absl::Status RestrictSocketFile(const SocketAddress& address, const ListenOptions& options) {
  const std::string path = address.unix_path();
  if (chmod(path.c_str(), options.unix_mode) != 0) return Errno("cannot set the mode of", address);
  if (options.unix_group.empty()) return absl::OkStatus();
  absl::StatusOr<gid_t> group = GroupNumber(options.unix_group);
  if (!group.ok()) return group.status();
  if (lchown(path.c_str(), static_cast<uid_t>(-1), *group) == 0) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat(
      "cannot give unix:", path, " to the group '", options.unix_group, "': ", std::strerror(errno),
      "; the user that runs mantlet must be in it (SupplementaryGroups= in a systemd "
      "unit)"));
}

absl::Status CheckFree(const SocketAddress& address, bool v6_only) {
  FileDescriptor fd(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return Errno("cannot open a socket for", address);
  const int on = 1;  // allows the address while connections of an earlier run linger
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (v6_only) setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  if (bind(fd.get(), address.data(), address.size()) != 0) {
    return Errno("cannot listen on", address);
  }
  return absl::OkStatus();
}

absl::StatusOr<SocketAddress> LocalAddress(int fd) {
  sockaddr_storage storage;
  socklen_t size = sizeof(storage);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
    return absl::InternalError(absl::StrCat("getsockname: ", std::strerror(errno)));
  }
  return SocketAddress(reinterpret_cast<sockaddr*>(&storage), size);
}

absl::StatusOr<gid_t> GroupNumber(const std::string& group) {
  uint32_t number = 0;
  if (absl::SimpleAtoi(group, &number)) return number;
  std::vector<char> buffer(64 * 1024);
  struct group entry;
  struct group* found = nullptr;
  if (getgrnam_r(group.c_str(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
      found != nullptr) {
    return found->gr_gid;
  }
  return absl::NotFoundError(absl::StrCat("there is no group '", group, "'"));
}

}  // namespace mantlet::io
