// SocketAddress is the address of a socket as a value: IPv4 or IPv6 with a TCP port, or a Unix
// path.

#ifndef MANTLET_PROXY_IO_SOCKET_ADDRESS_H_
#define MANTLET_PROXY_IO_SOCKET_ADDRESS_H_

#include <sys/socket.h>

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace mantlet::io {

class SocketAddress {
 public:
  SocketAddress() = default;
  SocketAddress(const sockaddr* address, socklen_t size);

  // Returns every address of `host`, a literal or a name, in the resolver's order. May block.
  static absl::StatusOr<std::vector<SocketAddress>> Resolve(const std::string& host, uint16_t port);
  // Returns the address of a literal, or nullopt if `host` is a name. Does not block.
  static std::optional<SocketAddress> Literal(const std::string& host, uint16_t port);
  // Accepts paths of up to 107 bytes.
  static absl::StatusOr<SocketAddress> Unix(const std::string& path);

  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  sockaddr* data() { return reinterpret_cast<sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }
  int family() const { return storage_.ss_family; }
  bool is_unix() const { return family() == AF_UNIX; }
  std::string unix_path() const;
  uint16_t port() const;  // 0 for Unix
  void set_port(uint16_t port);

  // Returns "127.0.0.1:80", "[::1]:80" or "unix:/path".
  std::string ToString() const;
  // Returns the address without the port: "127.0.0.1", "::1"; "unix" for a Unix peer. IPv4-mapped
  // IPv6 addresses are written as IPv4.
  std::string HostText() const;

  bool operator==(const SocketAddress& other) const {
    return size_ == other.size_ && std::memcmp(&storage_, &other.storage_, size_) == 0;
  }

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace mantlet::io

#endif  // MANTLET_PROXY_IO_SOCKET_ADDRESS_H_
