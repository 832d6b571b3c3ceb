// A listening socket on a loop. Opening it is apart from serving it, so that the
// process can refuse to start before any loop runs.

#ifndef MANTLET_PROXY_IO_LISTENER_H_
#define MANTLET_PROXY_IO_LISTENER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/io/file_descriptor.h"
#include "proxy/io/loop.h"
#include "proxy/io/socket_address.h"

namespace mantlet::io {

// Binds and listens. TCP sockets get SO_REUSEPORT (one socket per worker, the
// kernel spreads connections) and TCP_NODELAY, which accepted sockets inherit.
// A Unix path that a dead process left behind is removed first; one that
// somebody answers on is an error.
absl::StatusOr<FileDescriptor> OpenListeningSocket(const SocketAddress& address);
// Whether a TCP address is free. OpenListeningSocket cannot tell: another process of
// the same user that shares the address too would get a part of our connections.
absl::Status CheckFree(const SocketAddress& address);
// The address a socket is bound to: tells the port behind port 0.
absl::StatusOr<SocketAddress> LocalAddress(int fd);

class Listener {
 public:
  // Called for each accepted socket (non-blocking, close-on-exec); takes it over.
  using AcceptCallback = std::function<void(FileDescriptor fd, const SocketAddress& peer)>;
  // Called when accept(2) fails for want of descriptors or memory, or the kernel cannot
  // watch the socket. The listener pauses itself for a moment, so the callback need not.
  using ErrorCallback = std::function<void(const std::string& what)>;

  Listener(Loop& loop, FileDescriptor fd, AcceptCallback on_accept, ErrorCallback on_error);
  ~Listener();
  Listener(const Listener&) = delete;

  // Takes what is already in the kernel's queue; for use right before a listener goes.
  void AcceptPending() { Accept(); }

 private:
  struct Poll;

  void Accept();
  void Pause(int error);
  void StartPolling();

  Loop& loop_;
  FileDescriptor fd_;
  AcceptCallback on_accept_;
  ErrorCallback on_error_;
  Poll* poll_;  // lives until its close callback
  base::FunctionTimer resume_;
};

}  // namespace mantlet::io

#endif  // MANTLET_PROXY_IO_LISTENER_H_
