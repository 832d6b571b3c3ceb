#include "proxy/server/received_sockets.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace mantlet::server {
namespace {

bool Listens(const io::FileDescriptor& socket) {
  int accepting = 0;
  socklen_t size = sizeof(accepting);
  return getsockopt(socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &accepting, &size) == 0 &&
         accepting != 0;
}

bool IsV6Only(int fd) {
  int on = 0;
  socklen_t size = sizeof(on);
  return getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, &size) == 0 && on != 0;
}

bool SameFile(const std::string& a, const std::string& b) {
  const auto file = io::SocketFileAt(a);
  return file.has_value() && file == io::SocketFileAt(b);
}

// Returns whether the file is as it would be if it was made anew. A process of root gives its files
// to `user:` later.
bool HasPermissions(const std::string& path, const io::ListenOptions& options) {
  struct stat status;
  if (lstat(path.c_str(), &status) != 0) return false;
  if ((status.st_mode & 0777) != options.unix_mode) return false;
  if (options.unix_group.empty()) return geteuid() == 0 || status.st_gid == getegid();
  const absl::StatusOr<gid_t> group = io::GroupNumber(options.unix_group);
  return group.ok() && status.st_gid == *group;
}

}  // namespace

void ReceivedSockets::Add(PassedSockets passed) {
  Entry entry;
  std::erase_if(passed.sockets, [](const io::FileDescriptor& fd) { return !Listens(fd); });
  if (!passed.sockets.empty()) {
    if (auto address = io::LocalAddress(passed.sockets.front().get()); address.ok()) {
      entry.address = *address;
    }
  }
  entry.passed = std::move(passed);
  entries_.push_back(std::move(entry));
}

template <typename Fits>
std::vector<io::FileDescriptor> ReceivedSockets::Take(const Fits& fits) {
  std::vector<io::FileDescriptor> all;
  for (Entry& entry : entries_) {
    if (entry.taken || entry.passed.sockets.empty() || !fits(entry)) continue;
    entry.taken = true;
    for (io::FileDescriptor& socket : entry.passed.sockets) all.push_back(std::move(socket));
    entry.passed.sockets.clear();
  }
  return all;
}

std::vector<io::FileDescriptor> ReceivedSockets::TakeTcp(SocketUse use, const std::string& name,
                                                         const io::SocketAddress& address,
                                                         bool v6_only) {
  return Take([&](const Entry& entry) {
    if (entry.passed.use != use || entry.address.is_unix()) return false;
    if (address.family() == AF_INET6 && IsV6Only(entry.passed.sockets.front().get()) != v6_only) {
      return false;
    }
    io::SocketAddress wanted = address;
    if (wanted.port() == 0 && entry.passed.name == name) wanted.set_port(entry.address.port());
    return entry.address == wanted;
  });
}

std::vector<io::FileDescriptor> ReceivedSockets::TakeUnix(SocketUse use, const std::string& path,
                                                          const io::ListenOptions& options) {
  if (!HasPermissions(path, options)) return {};
  return Take([&](const Entry& entry) {
    return entry.passed.use == use && entry.address.is_unix() && SameFile(entry.passed.path, path);
  });
}

std::vector<io::FileDescriptor> ReceivedSockets::TakeInherited(const std::string& name) {
  return Take([&](const Entry& entry) {
    return entry.passed.use == SocketUse::kInherited && entry.passed.name == name;
  });
}

bool ReceivedSockets::HasPort(uint16_t port) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return !entry.address.is_unix() && entry.address.port() == port;
  });
}

bool ReceivedSockets::HasPath(const std::string& path) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.address.is_unix() && SameFile(entry.passed.path, path);
  });
}

std::vector<uint32_t> ReceivedSockets::Finish() {
  std::vector<uint32_t> taken;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].taken) taken.push_back(static_cast<uint32_t>(i));
  }
  entries_.clear();
  return taken;
}

}  // namespace mantlet::server
