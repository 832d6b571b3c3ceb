// Stream is a connected TCP or Unix stream socket as a ByteStream.

#ifndef MANTLET_PROXY_IO_STREAM_H_
#define MANTLET_PROXY_IO_STREAM_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "proxy/io/buffer_pool.h"
#include "proxy/io/byte_stream.h"
#include "proxy/io/deferred_call.h"
#include "proxy/io/file_descriptor.h"
#include "proxy/io/loop.h"
#include "proxy/io/socket_address.h"

namespace mantlet::io {

class Stream final : public ByteStream {
 public:
  // Takes ownership of `fd`, a connected non-blocking socket, and closes it on failure: the kernel
  // may have no memory to watch it.
  static absl::StatusOr<std::unique_ptr<Stream>> FromFd(Loop& loop, int fd, bool is_unix);

  // Starts to connect. `done` is called once, later and never from inside this call, with null for
  // success; it is never called if the stream is closed or destroyed first. A Unix socket whose
  // queue is full fails with kQueueFull, because the kernel cannot report when it has room.
  using ConnectCallback = std::function<void(const StreamError* error)>;
  static std::unique_ptr<Stream> Connect(Loop& loop, const SocketAddress& address,
                                         ConnectCallback done);

  ~Stream() override;

  void SetHandler(ByteStreamHandler* handler) override { handler_ = handler; }
  void SetReading(bool reading) override;
  void Write(std::string_view bytes) override;
  void Flush() override;
  void QuickAck() override;
  size_t buffered() const override { return pending_->size() + in_flight_bytes_; }
  size_t untaken() const override;
  void ShutdownWrite() override;
  bool IsQuiet() const override;
  void Close() override;
  void Abort() override;

 private:
  struct Handle;  // the libuv handle; lives until its close callback
  struct WriteRequest;

  Stream(Loop& loop, bool is_unix);
  // Both return 0 or a libuv error. Dial() returns kUnderWay if the result is not known yet.
  int Open(FileDescriptor fd);
  int Dial(const SocketAddress& address);
  void OnConnected(int status);
  // Returns whether the kernel reports events of the socket. If it cannot, the stream fails soon.
  bool EnsureWatched();
  void OnRead(ssize_t size, const char* data);
  void OnWritten(int status);
  void Fail(int status);
  // Passes pending_ and then `more` to the kernel; keeps the rest.
  void TryWrite(std::string_view more);
  void Queue();
  uv_handle_t* Disown();

  Loop& loop_;
  Handle* handle_;
  ByteStreamHandler* handler_ = nullptr;
  struct Connecting;
  std::unique_ptr<Connecting> connecting_;  // until `done` is called
  std::unique_ptr<DeferredCall> failing_;   // fails outside of a call
  PooledBuffer pending_;                    // written, not yet accepted by the kernel
  size_t in_flight_bytes_ = 0;
  int fd_ = -1;  // the descriptor of handle_, once connected
  // True if this socket is certainly in the loop's epoll set; libuv removes sockets without
  // interest in any event.
  bool watched_ = false;
  bool reading_ = false;
  bool ended_ = false;  // FIN received: reading again would only spin
  bool write_dead_ = false;
  bool shutdown_wanted_ = false;
  bool shutdown_done_ = false;
  bool drain_owed_ = false;
};

}  // namespace mantlet::io

#endif  // MANTLET_PROXY_IO_STREAM_H_
