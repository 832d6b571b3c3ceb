#include "proxy/io/socket_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"

namespace mantlet::io {
namespace {

// Returns every address once, in the resolver's order.
absl::StatusOr<std::vector<SocketAddress>> Ask(const std::string& host, uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  int status = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (status != 0) {
    return absl::NotFoundError(absl::StrCat("cannot resolve '", host, "': ", gai_strerror(status)));
  }
  std::vector<SocketAddress> addresses;
  for (addrinfo* a = found; a != nullptr; a = a->ai_next) {
    SocketAddress address(a->ai_addr, a->ai_addrlen);
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
      addresses.push_back(address);
    }
  }
  freeaddrinfo(found);
  return addresses;
}

}  // namespace

SocketAddress::SocketAddress(const sockaddr* address, socklen_t size)
    : size_(std::min<socklen_t>(size, sizeof(storage_))) {
  std::memcpy(&storage_, address, size_);
}

absl::StatusOr<std::vector<SocketAddress>> SocketAddress::Resolve(const std::string& host,
                                                                  uint16_t port) {
  return Ask(host, port, AI_NUMERICSERV);
}

std::optional<SocketAddress> SocketAddress::Literal(const std::string& host, uint16_t port) {
  auto addresses = Ask(host, port, AI_NUMERICSERV | AI_NUMERICHOST);
  if (!addresses.ok()) return std::nullopt;
  return addresses->front();
}

absl::StatusOr<SocketAddress> SocketAddress::Unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a Unix socket path has 1 to ", sizeof(address.sun_path) - 1, " bytes: '", path, "'"));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return SocketAddress(reinterpret_cast<sockaddr*>(&address),
                       offsetof(sockaddr_un, sun_path) + path.size() + 1);
}

std::string SocketAddress::unix_path() const {
  if (!is_unix() || size_ <= offsetof(sockaddr_un, sun_path)) return {};
  const char* path = reinterpret_cast<const sockaddr_un*>(&storage_)->sun_path;
  return std::string(path, strnlen(path, size_ - offsetof(sockaddr_un, sun_path)));
}

uint16_t SocketAddress::port() const {
  if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_port);
  if (family() == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_port);
  }
  return 0;
}

void SocketAddress::set_port(uint16_t port) {
  if (family() == AF_INET) reinterpret_cast<sockaddr_in*>(&storage_)->sin_port = htons(port);
  if (family() == AF_INET6) reinterpret_cast<sockaddr_in6*>(&storage_)->sin6_port = htons(port);
}

std::string SocketAddress::HostText() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr, text,
              sizeof(text));
    return text;
  }
  if (family() == AF_INET6) {
    const in6_addr& address = reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&address)) {
      inet_ntop(AF_INET, &address.s6_addr[12], text, sizeof(text));
    } else {
      inet_ntop(AF_INET6, &address, text, sizeof(text));
    }
    return text;
  }
  return "unix";
}

std::string SocketAddress::ToString() const {
  if (is_unix()) return absl::StrCat("unix:", unix_path());
  std::string host = HostText();
  if (host.find(':') != std::string::npos) return absl::StrCat("[", host, "]:", port());
  return absl::StrCat(host, ":", port());
}

}  // namespace mantlet::io
