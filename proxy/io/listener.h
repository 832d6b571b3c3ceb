// A listening socket on a loop. Opening it is apart from serving it
// (io/listening_socket), so that the process can refuse to start before any loop runs.

#ifndef MANTLET_PROXY_IO_LISTENER_H_
#define MANTLET_PROXY_IO_LISTENER_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>

#include "proxy/base/timer_wheel.h"
#include "proxy/io/file_descriptor.h"
#include "proxy/io/listening_socket.h"
#include "proxy/io/loop.h"
#include "proxy/io/socket_address.h"

namespace mantlet::io {

// Of `open_files`, the limit of open files, how many clients may take: the rest, a quarter and at
// most 4096, is kept for connections to upstreams, probes, files and logs.
int ClientDescriptors(uint64_t open_files);

class Listener {
 public:
  // Called for each accepted socket (non-blocking, close-on-exec); takes it over.
  using AcceptCallback = std::function<void(FileDescriptor fd, const SocketAddress& peer)>;
  // Called when accept(2) fails for want of descriptors or memory, or the kernel cannot
  // watch the socket. The listener pauses itself for a moment, so the callback need not.
  using ErrorCallback = std::function<void(const std::string& what)>;

  // No connection is accepted while the lowest free descriptor is `accept_below` or higher.
  Listener(Loop& loop, FileDescriptor fd, AcceptCallback on_accept, ErrorCallback on_error,
           int accept_below = std::numeric_limits<int>::max());
  ~Listener();
  Listener(const Listener&) = delete;

  // Takes everything that is in the kernel's queue.
  void AcceptPending();
  // The listener is about to go: the kernel begins no new connection for this socket, so
  // that none is lost between the last accept(2) and the close. A TCP client that is left
  // without an answer tries again after a second, and meets a successor or a refusal. What is in
  // the queue, and TCP handshakes that have begun, is left to AcceptPending(). Only for a socket of
  // our own: other processes that have the same one hear of it, too.
  void RefuseNew();

 private:
  struct Poll;

  // Returns whether there may be more.
  bool Accept();
  void Pause(int error);
  void StartPolling();
  bool DescriptorsAreLow() const;

  Loop& loop_;
  FileDescriptor fd_;
  const int accept_below_;
  bool low_ = false;  // paused because descriptors are low
  AcceptCallback on_accept_;
  ErrorCallback on_error_;
  Poll* poll_;               // lives until its close callback
  bool refusing_ = false;    // RefuseNew()
  bool raised_ttl_ = false;  // how, for TCP
  base::FunctionTimer resume_;
};

}  // namespace mantlet::io

#endif  // MANTLET_PROXY_IO_LISTENER_H_
