#include "proxy/io/packet_socket.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proxy/io/socket_address.h"

namespace mantlet::io {
namespace {

constexpr size_t kControlBytes = CMSG_SPACE(kMaxPacketDescriptors * sizeof(int));

absl::Status ErrnoStatus(const char* what) {
  const std::string text = absl::StrCat(what, ": ", std::strerror(errno));
  switch (errno) {
    case EAGAIN:
      return absl::DeadlineExceededError("no answer in time");
    case EPIPE:
    case ECONNRESET:
      return absl::CancelledError("the connection is closed");
    case ENOENT:
    case ECONNREFUSED:
      return absl::NotFoundError(text);
    default:
      return absl::UnavailableError(text);
  }
}

// Takes the descriptors of a received message, also of one that is rejected, so that none leaks.
std::vector<FileDescriptor> TakeDescriptors(msghdr* message) {
  std::vector<FileDescriptor> descriptors;
  for (cmsghdr* part = CMSG_FIRSTHDR(message); part != nullptr; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
      descriptors.emplace_back(fd);
    }
  }
  return descriptors;
}

}  // namespace

absl::StatusOr<PeerCredentials> PeerOf(int fd) {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return ErrnoStatus("cannot tell whose process is connected");
  }
  return PeerCredentials{credentials.pid, credentials.uid};
}

absl::StatusOr<FileDescriptor> ConnectPacketSocket(const std::string& path,
                                                   std::chrono::milliseconds timeout) {
  absl::StatusOr<SocketAddress> address = SocketAddress::Unix(path);
  if (!address.ok()) return address.status();
  FileDescriptor fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!fd) return ErrnoStatus("cannot open a socket");
  const timeval limit = {.tv_sec = timeout.count() / 1000,
                         .tv_usec = timeout.count() % 1000 * 1000};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  int result = 0;
  do {
    result = connect(fd.get(), address->data(), address->size());
  } while (result != 0 && errno == EINTR);
  if (result != 0) return ErrnoStatus("cannot connect");
  return fd;
}

absl::Status SendPacket(int fd, std::string_view bytes, std::span<const int> descriptors) {
  if (bytes.empty() || bytes.size() > kMaxPacketBytes ||
      descriptors.size() > kMaxPacketDescriptors) {
    return absl::InvalidArgumentError("the message is too large");
  }
  iovec data = {const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) char control[kControlBytes] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size_bytes());
  }
  ssize_t sent = 0;
  do {
    sent = sendmsg(fd, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? ErrnoStatus("cannot send") : absl::OkStatus();
}

absl::StatusOr<Packet> ReceivePacket(int fd) {
  Packet packet;
  packet.bytes.resize(kMaxPacketBytes);
  iovec data = {packet.bytes.data(), packet.bytes.size()};
  alignas(cmsghdr) char control[kControlBytes];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  ssize_t received = 0;
  bool reset = false;
  do {
    received = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    // A peer that closes before it has read everything causes an error, which the kernel returns
    // once, before the last messages of the peer.
  } while (received < 0 &&
           (errno == EINTR || (errno == ECONNRESET && !std::exchange(reset, true))));
  if (received < 0) return ErrnoStatus("cannot receive");
  packet.descriptors = TakeDescriptors(&message);
  if (received == 0) return absl::CancelledError("the connection is closed");
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    return absl::InvalidArgumentError("the message is too large");
  }
  packet.bytes.resize(static_cast<size_t>(received));
  return packet;
}

}  // namespace mantlet::io
