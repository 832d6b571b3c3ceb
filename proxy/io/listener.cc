#include "proxy/io/listener.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace mantlet::io {
namespace {

// A turn of the loop serves established connections too: no more than this many
// new ones in one go.
constexpr int kAcceptsPerTurn = 64;
constexpr int64_t kPauseMs = 200;

}  // namespace

struct Listener::Poll {
  uv_poll_t handle;
  Listener* owner;
  bool ready = false;  // libuv knows the handle
};

int ClientDescriptors(uint64_t open_files) {
  constexpr uint64_t kMostReserved = 4096;
  const uint64_t most = std::numeric_limits<int>::max();
  return static_cast<int>(std::min(open_files - std::min(open_files / 4, kMostReserved), most));
}

Listener::Listener(Loop& loop, FileDescriptor fd, AcceptCallback on_accept, ErrorCallback on_error,
                   int accept_below)
    : loop_(loop),
      fd_(std::move(fd)),
      accept_below_(accept_below),
      on_accept_(std::move(on_accept)),
      on_error_(std::move(on_error)),
      poll_(new Poll),
      resume_([this] { StartPolling(); }) {
  poll_->owner = this;
  poll_->handle.data = poll_;
  StartPolling();
}

// The lowest free number tells how many are in use, all threads together.
bool Listener::DescriptorsAreLow() const {
  const FileDescriptor lowest(fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
  return !lowest || lowest.get() >= accept_below_;
}

void Listener::StartPolling() {
  if (low_ && DescriptorsAreLow()) {
    loop_.ArmIn(resume_, kPauseMs);
    return;
  }
  low_ = false;
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
      if (fd < accept_below_) continue;
      low_ = true;
      Pause(EMFILE);
      return;
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
