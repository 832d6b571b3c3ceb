#include "test/bench/upstream/server.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "test/bench/upstream/http2_exchange.h"

namespace mantlet::bench {
namespace {

constexpr size_t kReadBytes = 256 * 1024;

}  // namespace

class Server::Client : public Pollable {
 public:
  Client(Server& server, int fd) : server_(server), fd_(fd), exchange_(server.answers_) {}

  void OnEvents(uint32_t events) override {
    if (!Handle(events)) server_.clients_.erase(this);  // and with it this
  }

 private:
  // False: the connection is over.
  bool Handle(uint32_t events) {
    if ((events & EPOLLOUT) != 0 && !pending_.empty() && !Send({}, {})) return false;
    const bool until_end = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    char* const buffer = server_.buffer_.get();
    while (true) {
      const ssize_t n = recv(fd_.get(), buffer, kReadBytes, 0);
      if (n < 0) return errno == EAGAIN;
      if (n == 0) return false;
      const Exchange::Result result = Read({buffer, static_cast<size_t>(n)});
      if (!result.ok || !Send(result.own, result.prepared)) return false;
      if (result.close && result.requests > 0) shutdown(fd_.get(), SHUT_WR);
      if (static_cast<size_t>(n) < kReadBytes && !until_end) return true;
    }
  }

  // The first bytes decide, and they come together.
  Exchange::Result Read(std::string_view bytes) {
    if (!std::exchange(begun_, true) && bytes.starts_with(Http2Exchange::kPreface)) {
      http2_ = std::make_unique<Http2Exchange>(server_.answers_);
    }
    return http2_ ? http2_->Read(bytes) : exchange_.Read(bytes);
  }

  bool Send(std::string_view own, std::string_view prepared) {
    std::array<std::string_view, 3> pieces = {pending_, own, prepared};
    std::array<iovec, 3> vectors;
    size_t total = 0, done = 0;
    for (size_t i = 0; i < pieces.size(); ++i) {
      vectors[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
      total += pieces[i].size();
    }
    if (total == 0) return true;
    msghdr message = {};
    message.msg_iov = vectors.data();
    message.msg_iovlen = vectors.size();
    const ssize_t n = sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) return false;
    if (n > 0) done = static_cast<size_t>(n);
    std::string rest;
    for (std::string_view piece : pieces) {
      const size_t skip = std::min(done, piece.size());
      done -= skip;
      rest.append(piece.substr(skip));
    }
    pending_ = std::move(rest);
    return true;
  }

  Server& server_;
  const io::FileDescriptor fd_;
  Exchange exchange_;
  std::unique_ptr<Http2Exchange> http2_;  // instead of exchange_
  bool begun_ = false;
  std::string pending_;
};

Server::Server(int epoll, io::FileDescriptor listener)
    : epoll_(epoll), listener_(std::move(listener)), buffer_(new char[kReadBytes]) {
  SetServing(true);
}

Server::~Server() { SetServing(false); }

void Server::SetServing(bool serving) {
  if (serving == serving_) return;
  serving_ = serving;
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.ptr = static_cast<Pollable*>(this);
  epoll_ctl(epoll_, serving ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listener_.get(), &event);
  if (!serving) clients_.clear();
}

void Server::OnEvents(uint32_t) {
  while (true) {
    const int fd = accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    auto client = std::make_unique<Client>(*this, fd);
    epoll_event event = {};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = static_cast<Pollable*>(client.get());
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) continue;
    clients_.emplace(client.get(), std::move(client));
  }
}

}  // namespace mantlet::bench
