// The listening sockets of the process. They are opened on the main thread, so
// that an address that cannot be had refuses the start (or the reload) with a
// sentence, and then handed to the workers: one socket each for TCP
// (SO_REUSEPORT), duplicates of one for Unix paths and inherited sockets.

#ifndef MANTLET_PROXY_SERVER_LISTENING_SOCKETS_H_
#define MANTLET_PROXY_SERVER_LISTENING_SOCKETS_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "config/config.h"
#include "proxy/base/systemd_notify.h"
#include "proxy/io/file_descriptor.h"

namespace mantlet::server {

struct BoundListener {
  std::string address;                      // as bound: the port behind port 0
  std::string unix_path;                    // of a socket file that is ours to remove; else empty
  std::vector<io::FileDescriptor> sockets;  // one per worker
};

class ListeningSockets {
 public:
  explicit ListeningSockets(std::vector<base::InheritedSocket> inherited)
      : inherited_(std::move(inherited)) {}

  enum class Others {
    kRefuse,  // nobody else may listen there: at the start
    kAllow,   // it may be ourselves: a reload that renames a listener
  };
  // `count` sockets for one address. The error names the address and the cure.
  absl::StatusOr<BoundListener> Open(const config::Address& address, size_t count,
                                     Others others) const;

 private:
  absl::StatusOr<BoundListener> OpenTcp(const config::Address& address, size_t count,
                                        Others others) const;
  absl::StatusOr<BoundListener> Share(io::FileDescriptor socket, size_t count) const;

  std::vector<base::InheritedSocket> inherited_;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_LISTENING_SOCKETS_H_
