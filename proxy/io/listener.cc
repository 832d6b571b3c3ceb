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

// The maximum numbers of connections served and of all connections accepted in one turn of the
// loop, so that established connections are also served.
constexpr int kServedPerTurn = 64;
constexpr int kAcceptedPerTurn = 1024;
constexpr int64_t kPauseMs = 200;

// The kernel drops segments with a smaller TTL or hop limit (RFC 5082). Clients start with 64 or
// 128, so a listening socket that requires 255 starts no new connection; the last segment of a
// handshake that has begun is not checked. A filter for SYN segments would do the same, but some
// kernels reject it in a process that is not root.
constexpr int kLargestTtl = 255;
void SetLeastTtl(int fd, int ttl) {
  // A dual-stack socket needs both options. An IPv4 socket rejects the second, which is harmless.
  (void)setsockopt(fd, IPPROTO_IP, IP_MINTTL, &ttl, sizeof(ttl));
  (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, &ttl, sizeof(ttl));
}

}  // namespace

struct Listener::Poll {
  uv_poll_t handle;
  Listener* owner;
  bool ready = false;  // the handle is initialized
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

// The lowest free number shows how many descriptors all threads use.
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
  if (poll_->ready) {
    uv_poll_start(&poll_->handle, UV_READABLE,
                  [](uv_poll_t* h, int, int) { static_cast<Poll*>(h->data)->owner->Accept(); });
    // Not before: uv_poll_start() removes an earlier registration.
    status = loop_.Watch(fd_.get());
  }
  if (status != 0) Pause(-status);
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

FileDescriptor Listener::Duplicate() const {
  return FileDescriptor(fcntl(fd_.get(), F_DUPFD_CLOEXEC, 3));
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
    shutdown(fd_.get(), SHUT_RD);  // connect(2) is refused; accept(2) still works
    return;
  }
  SetLeastTtl(fd_.get(), kLargestTtl);
  raised_ttl_ = true;
}

bool Listener::Accept() {
  loop_.NoteEvent();
  int served = 0;
  for (int i = 0; i < kAcceptedPerTurn && served < kServedPerTurn; ++i) {
    sockaddr_storage peer;
    socklen_t size = sizeof(peer);
    int fd =
        accept4(fd_.get(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      if (raised_ttl_) SetLeastTtl(fd, 0);  // inherited from the listening socket
      const SocketAddress address(reinterpret_cast<sockaddr*>(&peer), size);
      if (on_accept_(FileDescriptor(fd), address)) ++served;
      if (fd < accept_below_ || refusing_) continue;
      low_ = true;
      queued_since_ms_.reset();
      Pause(EMFILE);
      return false;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    queued_since_ms_.reset();
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      Pause(errno);
    }
    return false;
  }
  if (!queued_since_ms_) queued_since_ms_ = loop_.now_ms();
  return true;
}

void Listener::Pause(int error) {
  on_error_(std::strerror(error));
  // The queue stays readable, so further polling would only use CPU time.
  if (poll_->ready) uv_poll_stop(&poll_->handle);
  loop_.ArmIn(resume_, kPauseMs);
}

}  // namespace mantlet::io
