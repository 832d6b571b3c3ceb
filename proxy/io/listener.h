// Listener accepts the connections of a listening socket on a loop. The socket is opened separately
// (io/listening_socket), so that the process can fail to start before any loop runs.
//
// One loop's thread only.

#ifndef MANTLET_PROXY_IO_LISTENER_H_
#define MANTLET_PROXY_IO_LISTENER_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "proxy/base/timer_wheel.h"
#include "proxy/io/file_descriptor.h"
#include "proxy/io/listening_socket.h"
#include "proxy/io/loop.h"
#include "proxy/io/socket_address.h"

namespace mantlet::io {

// Returns how many of `open_files`, the limit of open files, clients may use. The rest, a quarter
// and at most 4096, is reserved for connections to upstreams, probes, files and logs.
int ClientDescriptors(uint64_t open_files);

class Listener {
 public:
  // Called for each accepted socket (non-blocking, close-on-exec). The callback owns it. Returns
  // whether the connection will be served: refused ones cost little, so that more are accepted in
  // a turn.
  using AcceptCallback = std::function<bool(FileDescriptor fd, const SocketAddress& peer)>;
  // Called when accept(2) fails for lack of descriptors or memory, or the kernel cannot watch the
  // socket. The listener then pauses for 200 ms.
  using ErrorCallback = std::function<void(const std::string& what)>;

  // No connection is accepted while the lowest free descriptor is `accept_below` or higher.
  Listener(Loop& loop, FileDescriptor fd, AcceptCallback on_accept, ErrorCallback on_error,
           int accept_below = std::numeric_limits<int>::max());
  ~Listener();
  Listener(const Listener&) = delete;

  // Returns another descriptor of the socket (close-on-exec); an empty one if there is none free.
  FileDescriptor Duplicate() const;
  // Accepts every connection in the kernel's queue.
  void AcceptPending();
  // Returns since when the kernel's queue has not been seen empty, in the loop's milliseconds; none
  // if the last accept(2) found it empty. What is accepted next has waited for so long at most.
  std::optional<int64_t> queued_since_ms() const { return queued_since_ms_; }
  // Makes the kernel start no new connection for this socket, so that none is lost between the last
  // accept(2) and the close. A TCP client that gets no reply tries again after a second and then
  // connects to the successor or is refused. AcceptPending() accepts the connections in the queue
  // and TCP handshakes that had begun. Do not use it on a socket that other processes share: they
  // are affected, too.
  void RefuseNew();

 private:
  struct Poll;

  // Returns whether more connections may wait.
  bool Accept();
  void Pause(int error);
  void StartPolling();
  bool DescriptorsAreLow() const;

  Loop& loop_;
  FileDescriptor fd_;
  const int accept_below_;
  bool low_ = false;  // paused because few descriptors are free
  AcceptCallback on_accept_;
  ErrorCallback on_error_;
  Poll* poll_;               // lives until its close callback
  bool refusing_ = false;    // RefuseNew() was called
  bool raised_ttl_ = false;  // RefuseNew() set the minimum TTL (TCP)
  std::optional<int64_t> queued_since_ms_;
  base::FunctionTimer resume_;
};

}  // namespace mantlet::io

#endif  // MANTLET_PROXY_IO_LISTENER_H_
