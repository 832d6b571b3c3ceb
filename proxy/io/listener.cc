#include "proxy/io/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
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

// Segments with a smaller TTL or hop limit are dropped (RFC 5082). Clients begin with 64 or 128,
// so a listening socket that asks for 255 begins no new connection; the last segment of a
// handshake that has begun is not looked at in this way. A filter for SYN segments would do
// the same, but some kernels refuse it to a process that is not root.
constexpr int kLargestTtl = 255;
void SetLeastTtl(int fd, int ttl) {
  // A socket for both families needs both; one for IPv4 refuses the second, which is fine.
  (void)setsockopt(fd, IPPROTO_IP, IP_MINTTL, &ttl, sizeof(ttl));
  (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, &ttl, sizeof(ttl));
}

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

void Listener::AcceptPending() {
  while (Accept()) {
  }
}

void Listener::RefuseNew() {
  if (poll_->ready) uv_poll_stop(&poll_->handle);
  loop_.timers().Cancel(resume_);
  refusing_ = true;
  sockaddr_storage address;
  socklen_t size = sizeof(address);
  if (getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return;
  if (address.ss_family == AF_UNIX) {
    shutdown(fd_.get(), SHUT_RD);  // connect(2) is refused, accept(2) goes on
    return;
  }
  SetLeastTtl(fd_.get(), kLargestTtl);
  raised_ttl_ = true;
}

bool Listener::Accept() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    sockaddr_storage peer;
    socklen_t size = sizeof(peer);
    int fd =
        accept4(fd_.get(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      if (raised_ttl_) SetLeastTtl(fd, 0);  // inherited
      on_accept_(FileDescriptor(fd), SocketAddress(reinterpret_cast<sockaddr*>(&peer), size));
      if (fd < accept_below_ || refusing_) continue;
      low_ = true;
      Pause(EMFILE);
      return false;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      Pause(errno);
    }
    return false;
  }
  return true;
}

void Listener::Pause(int error) {
  on_error_(std::strerror(error));
  // The queue stays readable, so polling on would only burn the processor.
  if (poll_->ready) uv_poll_stop(&poll_->handle);
  loop_.ArmIn(resume_, kPauseMs);
}

}  // namespace mantlet::io
