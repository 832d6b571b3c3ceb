#include "proxy/io/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mantlet::io {
namespace {

constexpr int kBacklog = 4096;  // the kernel lowers it to net.core.somaxconn
// A turn of the loop serves established connections too: no more than this many
// new ones in one go.
constexpr int kAcceptsPerTurn = 64;
constexpr int64_t kPauseMs = 200;

absl::Status Errno(std::string_view what, const SocketAddress& address) {
  std::string_view hint;
  if (errno == EADDRINUSE) hint = "; another process listens there: stop it or choose another port";
  if (errno == EACCES) {
    hint = "; ports below 1024 need CAP_NET_BIND_SERVICE (AmbientCapabilities= in a systemd unit)";
  }
  if (errno == EADDRNOTAVAIL) hint = "; this machine has no such address";
  return absl::UnavailableError(absl::StrCat(std::string(what), " ", address.ToString(), ": ",
                                             std::strerror(errno), std::string(hint)));
}

// A socket file that nobody answers on is what a killed process left behind.
absl::Status RemoveStaleSocket(const SocketAddress& address) {
  std::string path = address.unix_path();
  struct stat status;
  if (lstat(path.c_str(), &status) != 0) return absl::OkStatus();
  if (!S_ISSOCK(status.st_mode)) {
    return absl::AlreadyExistsError(
        absl::StrCat("cannot listen on unix:", path, ": a file that is no socket is in the way"));
  }
  FileDescriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(probe.get(), address.data(), address.size()) == 0) {
    return absl::AlreadyExistsError(
        absl::StrCat("cannot listen on unix:", path, ": another process answers there"));
  }
  unlink(path.c_str());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<FileDescriptor> OpenListeningSocket(const SocketAddress& address) {
  if (address.is_unix()) {
    if (absl::Status status = RemoveStaleSocket(address); !status.ok()) return status;
  }
  FileDescriptor fd(socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return Errno("cannot open a socket for", address);
  const int on = 1;
  if (!address.is_unix()) {
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) {
      return Errno("cannot share", address);
    }
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  if (bind(fd.get(), address.data(), address.size()) != 0) {
    return Errno("cannot listen on", address);
  }
  if (listen(fd.get(), kBacklog) != 0) return Errno("cannot listen on", address);
  return fd;
}

absl::Status CheckFree(const SocketAddress& address) {
  FileDescriptor fd(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return Errno("cannot open a socket for", address);
  const int on = 1;  // connections of an earlier run that linger are no obstacle
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(fd.get(), address.data(), address.size()) != 0) {
    return Errno("cannot listen on", address);
  }
  return absl::OkStatus();
}

absl::StatusOr<SocketAddress> LocalAddress(int fd) {
  sockaddr_storage storage;
  socklen_t size = sizeof(storage);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
    return absl::InternalError(absl::StrCat("getsockname: ", std::strerror(errno)));
  }
  return SocketAddress(reinterpret_cast<sockaddr*>(&storage), size);
}

struct Listener::Poll {
  uv_poll_t handle;
  Listener* owner;
  bool ready = false;  // libuv knows the handle
};

Listener::Listener(Loop& loop, FileDescriptor fd, AcceptCallback on_accept, ErrorCallback on_error)
    : loop_(loop),
      fd_(std::move(fd)),
      on_accept_(std::move(on_accept)),
      on_error_(std::move(on_error)),
      poll_(new Poll),
      resume_([this] { StartPolling(); }) {
  poll_->owner = this;
  poll_->handle.data = poll_;
  StartPolling();
}

void Listener::StartPolling() {
  int status = 0;
  if (!poll_->ready) status = uv_poll_init(loop_.uv(), &poll_->handle, fd_.get());
  poll_->ready = status == 0;
  if (poll_->ready) status = loop_.Watch(fd_.get());
  if (status != 0) {
    Pause(-status);
    return;
  }
  uv_poll_start(&poll_->handle, UV_READABLE,
                [](uv_poll_t* h, int, int) { static_cast<Poll*>(h->data)->owner->Accept(); });
}

Listener::~Listener() {
  if (!poll_->ready) {
    delete poll_;
    return;
  }
  uv_poll_stop(&poll_->handle);
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_->handle),
           [](uv_handle_t* h) { delete static_cast<Poll*>(h->data); });
}

void Listener::Accept() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    sockaddr_storage peer;
    socklen_t size = sizeof(peer);
    int fd =
        accept4(fd_.get(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      on_accept_(FileDescriptor(fd), SocketAddress(reinterpret_cast<sockaddr*>(&peer), size));
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      Pause(errno);
    }
    return;
  }
}

void Listener::Pause(int error) {
  on_error_(std::strerror(error));
  // The queue stays readable, so polling on would only burn the processor.
  if (poll_->ready) uv_poll_stop(&poll_->handle);
  loop_.ArmIn(resume_, kPauseMs);
}

}  // namespace mantlet::io
