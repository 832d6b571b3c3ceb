#include "proxy/server/admin_client.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proxy/io/file_descriptor.h"
#include "proxy/io/socket_address.h"

namespace mantlet::server {
namespace {

constexpr time_t kPatienceSeconds = 300;
constexpr size_t kMaxReplyBytes = 1 << 20;

absl::StatusOr<io::SocketAddress> AddressOf(const config::Address& address) {
  if (address.kind == config::Address::Kind::kUnix) return io::SocketAddress::Unix(address.path);
  auto addresses = io::SocketAddress::Resolve(address.host, address.port);
  if (!addresses.ok()) return addresses.status();
  return addresses->front();
}

absl::Status Failed(const config::Address& address, std::string_view what) {
  return absl::UnavailableError(
      absl::StrCat("the admin endpoint at ", config::ToString(address), ": ", std::string(what)));
}

absl::StatusOr<AdminReply> Parse(const config::Address& address, std::string_view reply) {
  AdminReply parsed;
  const size_t body = reply.find("\r\n\r\n");
  if (body == std::string_view::npos || !reply.starts_with("HTTP/1.1 ") ||
      !absl::SimpleAtoi(std::string(reply.substr(9, 3)), &parsed.status)) {
    return Failed(address, reply.empty() ? "the connection was closed without a response"
                                         : "the response is not from mantlet");
  }
  parsed.text = reply.substr(body + 4);
  while (parsed.text.ends_with('\n')) parsed.text.pop_back();
  return parsed;
}

}  // namespace

absl::StatusOr<AdminReply> PostToAdmin(const config::Address& address, std::string_view path) {
  absl::StatusOr<io::SocketAddress> target = AddressOf(address);
  if (!target.ok()) return target.status();
  io::FileDescriptor fd(socket(target->family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience = {kPatienceSeconds, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  if (!fd || connect(fd.get(), target->data(), target->size()) != 0) {
    const bool not_listening = errno == ECONNREFUSED || errno == ENOENT;
    return Failed(
        address,
        absl::StrCat(std::strerror(errno),
                     not_listening ? "; is mantlet running with this configuration?" : ""));
  }
  const std::string request = absl::StrCat(
      "POST ", std::string(path),
      " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  if (send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return Failed(address, std::strerror(errno));
  }
  std::string reply;
  char buffer[4096];
  while (reply.size() < kMaxReplyBytes) {
    const ssize_t got = recv(fd.get(), buffer, sizeof(buffer), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed(address, std::strerror(errno));
    if (got == 0) break;
    reply.append(buffer, static_cast<size_t>(got));
  }
  return Parse(address, reply);
}

}  // namespace mantlet::server
