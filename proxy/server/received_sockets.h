// ReceivedSockets holds the listening sockets that another process passes or has passed, until each
// is taken for an address of this process's own configuration. A value; main thread only.

#ifndef MANTLET_PROXY_SERVER_RECEIVED_SOCKETS_H_
#define MANTLET_PROXY_SERVER_RECEIVED_SOCKETS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/io/file_descriptor.h"
#include "proxy/io/listening_socket.h"
#include "proxy/io/socket_address.h"
#include "proxy/server/handover_message.h"

namespace mantlet::server {

// Listening sockets of one address, or of one name of the service manager. The meaning of the
// fields is that of HandoverMessage.
struct PassedSockets {
  SocketUse use = SocketUse::kListener;
  std::string name;
  std::string path;
  std::vector<io::FileDescriptor> sockets;
};

class ReceivedSockets {
 public:
  // Descriptors that are no listening sockets are closed.
  void Add(PassedSockets passed);
  bool empty() const { return entries_.empty(); }

  // Each returns all sockets that fit, or none. Whoever takes them accepts from every one of them,
  // because each may have a queue of connections.
  //
  // TCP: those bound to `address` with this setting of IPV6_V6ONLY; for port 0, those on the same
  // host that are named `name`.
  std::vector<io::FileDescriptor> TakeTcp(SocketUse use, const std::string& name,
                                          const io::SocketAddress& address, bool v6_only);
  // Unix: those that clients find at `path`, if the file has the mode and the group of `options`.
  std::vector<io::FileDescriptor> TakeUnix(SocketUse use, const std::string& path,
                                           const io::ListenOptions& options);
  // Those that the service manager has named `name`.
  std::vector<io::FileDescriptor> TakeInherited(const std::string& name);

  // Returns whether a passed socket, taken or not, has this TCP port or is at this path.
  bool HasPort(uint16_t port) const;
  bool HasPath(const std::string& path) const;

  // Returns the numbers of the entries that were taken, in the order of Add(), and closes all
  // others.
  std::vector<uint32_t> Finish();

 private:
  struct Entry {
    PassedSockets passed;
    io::SocketAddress address;  // of the first socket
    bool taken = false;
  };
  template <typename Fits>
  std::vector<io::FileDescriptor> Take(const Fits& fits);

  std::vector<Entry> entries_;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_RECEIVED_SOCKETS_H_
