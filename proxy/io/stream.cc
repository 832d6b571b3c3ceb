#include "proxy/io/stream.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proxy/io/file_descriptor.h"

namespace mantlet::io {
namespace {

// Buffered output of this size is passed to the kernel without waiting for Flush().
constexpr size_t kAutoFlushBytes = 128 * 1024;
// Writes of this size or more are passed to the kernel directly instead of being copied into the
// buffer. The limit is larger than a TLS record: copying several records and writing them at once
// is cheaper than one write(2) each (proxy/PERFORMANCE.md).
constexpr size_t kWriteThroughBytes = 32 * 1024;

// Dial() returns this if libuv will call back.
constexpr int kUnderWay = -EINPROGRESS;

StreamFailure FailureOf(int status) {
  switch (status) {
    case UV_ECONNREFUSED:
    case UV_ENOENT:  // no such Unix socket
      return StreamFailure::kConnectRefused;
    case UV_ECONNRESET:
    case UV_EPIPE:
    case UV_ECONNABORTED:
      return StreamFailure::kReset;
    case UV_ETIMEDOUT:
      return StreamFailure::kTimedOut;
    case UV_EMFILE:
    case UV_ENFILE:
    case UV_ENOMEM:
    case UV_ENOBUFS:
    case UV_EADDRNOTAVAIL:
      return StreamFailure::kLocal;
    case UV_EAGAIN:
      return StreamFailure::kQueueFull;
    default:
      return StreamFailure::kIo;
  }
}

// Passes as much to the kernel as it accepts at once. Uses send(2) instead of write(2) or
// uv_try_write(): it bypasses the file layer, which saves 0.1 us per call (proxy/PERFORMANCE.md).
ssize_t SendOnce(int fd, std::string_view bytes) {
  return send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

ssize_t SendOnce(int fd, std::string_view first, std::string_view second) {
  std::array<iovec, 2> pieces = {{{const_cast<char*>(first.data()), first.size()},
                                  {const_cast<char*>(second.data()), second.size()}}};
  msghdr message = {};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

StreamError ErrorOf(int status) {
  return {FailureOf(status), absl::StrCat(uv_strerror(status), " (", uv_err_name(status), ")")};
}

}  // namespace

struct Stream::Handle {
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  };
  Loop* loop;
  Stream* owner;  // null once the Stream is destroyed
  // Allocated on demand: few streams need the first, and none needs the second before it ends.
  std::unique_ptr<uv_connect_t> connect;
  std::unique_ptr<uv_shutdown_t> shutdown;
};

struct Stream::Connecting {
  Connecting(Stream* stream, ConnectCallback callback)
      : done(std::move(callback)),
        settled(stream->loop_, [this, stream] { stream->OnConnected(status); }) {}

  ConnectCallback done;
  int status = 0;        // the result, if it is known at once
  DeferredCall settled;  // reports that result; libuv does not call back
};

struct Stream::WriteRequest {
  uv_write_t request;
  Handle* handle;
  PooledBuffer bytes;
};

Stream::Stream(Loop& loop, bool is_unix) : loop_(loop), handle_(new Handle) {
  handle_->loop = &loop;
  handle_->owner = this;
  if (is_unix) {
    uv_pipe_init(loop.uv(), &handle_->pipe, 0);
  } else {
    uv_tcp_init(loop.uv(), &handle_->tcp);
  }
  handle_->handle.data = handle_;
}

Stream::~Stream() { Close(); }

int Stream::Open(FileDescriptor fd) {
  if (int status = loop_.Watch(fd.get()); status != 0) return status;
  const int status = handle_->handle.type == UV_TCP ? uv_tcp_open(&handle_->tcp, fd.get())
                                                    : uv_pipe_open(&handle_->pipe, fd.get());
  if (status != 0) return status;
  fd_ = fd.Release();
  watched_ = true;
  return 0;
}

absl::StatusOr<std::unique_ptr<Stream>> Stream::FromFd(Loop& loop, int fd, bool is_unix) {
  std::unique_ptr<Stream> stream(new Stream(loop, is_unix));
  if (int status = stream->Open(FileDescriptor(fd)); status != 0) {
    return absl::InternalError(
        absl::StrCat("cannot register a socket with the event loop: ", uv_strerror(status)));
  }
  return stream;
}

std::unique_ptr<Stream> Stream::Connect(Loop& loop, const SocketAddress& address,
                                        ConnectCallback done) {
  std::unique_ptr<Stream> stream(new Stream(loop, address.is_unix()));
  stream->connecting_ = std::make_unique<Connecting>(stream.get(), std::move(done));
  const int status = stream->Dial(address);
  if (status == kUnderWay) return stream;
  stream->connecting_->status = status;
  stream->connecting_->settled.Schedule();
  return stream;
}

int Stream::Dial(const SocketAddress& address) {
  FileDescriptor fd(socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return -errno;
  if (address.is_unix()) {
    // The result is final: connect(2) on a Unix socket never completes later.
    if (connect(fd.get(), address.data(), address.size()) != 0) return -errno;
    return Open(std::move(fd));
  }
  if (int status = Open(std::move(fd)); status != 0) return status;
  handle_->connect = std::make_unique<uv_connect_t>();
  handle_->connect->data = handle_;
  auto on_connect = [](uv_connect_t* request, int status) {
    auto* h = static_cast<Handle*>(request->data);
    if (h->owner != nullptr) h->owner->OnConnected(status);
  };
  const int status =
      uv_tcp_connect(handle_->connect.get(), &handle_->tcp, address.data(), on_connect);
  return status == 0 ? kUnderWay : status;
}

void Stream::OnConnected(int status) {
  if (status == 0 && handle_->handle.type == UV_TCP) uv_tcp_nodelay(&handle_->tcp, 1);
  // Moved out because the callback may destroy this stream.
  std::unique_ptr<Connecting> connecting = std::move(connecting_);
  if (status == 0) {
    connecting->done(nullptr);
    return;
  }
  StreamError error = ErrorOf(status);
  connecting->done(&error);
}

bool Stream::EnsureWatched() {
  if (watched_) return true;
  const int status = loop_.Watch(fd_);
  watched_ = status == 0;
  if (watched_) return true;
  failing_ = std::make_unique<DeferredCall>(loop_, [this, status] { Fail(status); });
  failing_->Schedule();
  return false;
}

void Stream::SetReading(bool reading) {
  if (handle_ == nullptr || ended_ || reading == reading_) return;
  if (reading && !EnsureWatched()) return;
  reading_ = reading;
  if (!reading) {
    uv_read_stop(&handle_->stream);
    watched_ = in_flight_bytes_ != 0;
    return;
  }
  uv_read_start(
      &handle_->stream,
      [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
        auto scratch = static_cast<Handle*>(handle->data)->loop->read_buffer();
        *buffer = uv_buf_init(scratch.data(), scratch.size());
      },
      [](uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
        auto* h = static_cast<Handle*>(stream->data);
        if (h->owner != nullptr) h->owner->OnRead(size, buffer->base);
      });
}

void Stream::OnRead(ssize_t size, const char* data) {
  if (size > 0) {
    loop_.CountRead(static_cast<size_t>(size));
    handler_->OnData({data, static_cast<size_t>(size)});
  } else if (size == UV_EOF) {
    ended_ = true;
    uv_read_stop(&handle_->stream);
    watched_ = in_flight_bytes_ != 0;
    handler_->OnEnd();
  } else if (size < 0) {
    Fail(static_cast<int>(size));
  }
}

void Stream::Write(std::string_view bytes) {
  if (handle_ == nullptr || write_dead_ || bytes.empty()) return;
  if (bytes.size() >= kWriteThroughBytes && in_flight_bytes_ == 0) {
    TryWrite(bytes);
    return;
  }
  if (!pending_) pending_ = loop_.buffers().Acquire();
  pending_->append(bytes);
  if (pending_->size() >= kAutoFlushBytes && in_flight_bytes_ == 0) TryWrite({});
}

void Stream::Flush() {
  if (handle_ == nullptr) return;
  if (in_flight_bytes_ == 0 && !pending_->empty()) {
    TryWrite({});
    if (handle_ != nullptr && !pending_->empty()) Queue();
  }
  if (shutdown_wanted_) ShutdownWrite();
}

void Stream::QuickAck() {
  if (handle_ == nullptr || handle_->handle.type != UV_TCP) return;
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

bool Stream::IsQuiet() const {
  char byte;
  return handle_ != nullptr && recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

void Stream::TryWrite(std::string_view more) {
  const ssize_t written = more.empty()        ? SendOnce(fd_, *pending_)
                          : pending_->empty() ? SendOnce(fd_, more)
                                              : SendOnce(fd_, *pending_, more);
  // A failure occurs again in Queue(), whose callback can report it.
  size_t taken = written > 0 ? static_cast<size_t>(written) : 0;
  size_t from_pending = std::min(taken, pending_->size());
  if (from_pending == pending_->size()) {
    pending_->clear();
  } else {
    pending_->erase(0, from_pending);
  }
  more.remove_prefix(taken - from_pending);
  if (!more.empty()) {
    if (!pending_) pending_ = loop_.buffers().Acquire();
    pending_->append(more);
  }
  if (pending_->empty()) {
    pending_.Release();
  } else {
    Queue();
  }
}

void Stream::Queue() {
  if (!EnsureWatched()) {
    write_dead_ = true;
    pending_.Release();
    return;
  }
  auto* write = new WriteRequest{{}, handle_, std::move(pending_)};
  in_flight_bytes_ = write->bytes->size();
  drain_owed_ = true;
  write->request.data = write;
  uv_buf_t buffer = uv_buf_init(write->bytes->data(), write->bytes->size());
  uv_write(&write->request, &handle_->stream, &buffer, 1, [](uv_write_t* request, int status) {
    std::unique_ptr<WriteRequest> done(static_cast<WriteRequest*>(request->data));
    done->bytes.Release();
    if (done->handle->owner != nullptr) done->handle->owner->OnWritten(status);
  });
}

void Stream::OnWritten(int status) {
  in_flight_bytes_ = 0;
  watched_ = reading_ && !ended_;
  if (status != 0) {
    // The peer accepts no more data. It may have sent the reason before it closed (an early
    // response, an alert): while reading is on, the end is reported on that side.
    write_dead_ = true;
    pending_.Release();
    if (!reading_ || ended_) Fail(status);
    return;
  }
  Flush();
  if (handle_ == nullptr || buffered() != 0 || !drain_owed_) return;
  drain_owed_ = false;
  if (handler_ != nullptr) handler_->OnDrained();
}

size_t Stream::untaken() const {
  if (handle_ == nullptr) return 0;
  // SIOCOUTQ shows progress earlier than POLLOUT: a socket becomes writable only when a good part
  // of its buffer is free.
  int in_kernel = 0;
  if (ioctl(fd_, SIOCOUTQ, &in_kernel) != 0) in_kernel = 0;
  return pending_->size() + uv_stream_get_write_queue_size(&handle_->stream) +
         static_cast<size_t>(in_kernel);
}

void Stream::ShutdownWrite() {
  shutdown_wanted_ = true;
  if (handle_ == nullptr || write_dead_ || shutdown_done_ || buffered() != 0) return;
  if (!EnsureWatched()) return;
  shutdown_done_ = true;
  handle_->shutdown = std::make_unique<uv_shutdown_t>();
  uv_shutdown(handle_->shutdown.get(), &handle_->stream, [](uv_shutdown_t*, int) {});
}

void Stream::Fail(int status) {
  StreamError error = ErrorOf(status);
  ByteStreamHandler* handler = handler_;
  Close();
  if (handler != nullptr) handler->OnStreamError(error);
}

uv_handle_t* Stream::Disown() {
  connecting_.reset();
  failing_.reset();
  handle_->owner = nullptr;
  uv_handle_t* handle = &handle_->handle;
  handle_ = nullptr;
  pending_.Release();
  return handle;
}

void Stream::Close() {
  if (handle_ == nullptr) return;
  uv_close(Disown(), [](uv_handle_t* h) { delete static_cast<Handle*>(h->data); });
}

void Stream::Abort() {
  if (handle_ == nullptr) return;
  uv_handle_t* handle = Disown();
  auto free_handle = [](uv_handle_t* h) { delete static_cast<Handle*>(h->data); };
  // libuv rejects a reset for Unix sockets and after a shutdown; those are closed normally.
  if (handle->type != UV_TCP ||
      uv_tcp_close_reset(reinterpret_cast<uv_tcp_t*>(handle), free_handle) != 0) {
    uv_close(handle, free_handle);
  }
}

}  // namespace mantlet::io
