// An HTTP/1.1 server that costs next to nothing, for proxies to be measured in front
// of: one thread, edge-triggered epoll, answers made beforehand.
//
// usage: upstream [PORT]   on 127.0.0.1; says its port as JSON on stdout and ends with
//                          the end of stdin, or never if that is a terminal or closed

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "proxy/io/file_descriptor.h"
#include "test/bench/upstream/exchange.h"

namespace mantlet::bench {
namespace {

constexpr size_t kReadBytes = 256 * 1024;

class Client {
 public:
  Client(int fd, const Answers& answers) : fd_(fd), exchange_(answers) {}

  int fd() const { return fd_.get(); }

  // False: the connection is over.
  bool OnEvents(uint32_t events, char* buffer) {
    if ((events & EPOLLOUT) != 0 && !pending_.empty() && !Send({}, {})) return false;
    const bool until_end = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    while (true) {
      const ssize_t n = read(fd_.get(), buffer, kReadBytes);
      if (n < 0) return errno == EAGAIN;
      if (n == 0) return false;
      const Exchange::Result result = exchange_.Read({buffer, static_cast<size_t>(n)});
      if (!result.ok || !Send(result.own, result.prepared)) return false;
      if (result.close && result.requests > 0) shutdown(fd_.get(), SHUT_WR);
      if (static_cast<size_t>(n) < kReadBytes && !until_end) return true;
    }
  }

 private:
  bool Send(std::string_view own, std::string_view prepared) {
    std::array<std::string_view, 3> pieces = {pending_, own, prepared};
    std::array<iovec, 3> vectors;
    size_t total = 0, done = 0;
    for (size_t i = 0; i < pieces.size(); ++i) {
      vectors[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
      total += pieces[i].size();
    }
    if (total == 0) return true;
    const ssize_t n = writev(fd_.get(), vectors.data(), vectors.size());
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

  io::FileDescriptor fd_;
  Exchange exchange_;
  std::string pending_;
};

class Server {
 public:
  explicit Server(uint16_t port)
      : epoll_(epoll_create1(EPOLL_CLOEXEC)), buffer_(new char[kReadBytes]) {
    listener_ = io::FileDescriptor(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int one = 1;
    setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    setsockopt(listener_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    address_.sin_family = AF_INET;
    address_.sin_port = htons(port);
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address_);
    auto* address = reinterpret_cast<sockaddr*>(&address_);
    if (bind(listener_.get(), address, size) != 0 || listen(listener_.get(), 4096) != 0 ||
        getsockname(listener_.get(), address, &size) != 0) {
      std::perror("upstream");
      std::exit(1);
    }
    Watch(listener_.get(), EPOLLIN, nullptr);
    Watch(STDIN_FILENO, EPOLLIN, this);
  }

  void Run() {
    std::printf("{\"port\": %d}\n", ntohs(address_.sin_port));
    std::fflush(stdout);
    std::array<epoll_event, 256> events;
    while (true) {
      const int n = epoll_wait(epoll_.get(), events.data(), events.size(), -1);
      for (int i = 0; i < n; ++i) {
        if (events[i].data.ptr == nullptr) {
          Accept();
        } else if (events[i].data.ptr == this) {
          if (read(STDIN_FILENO, buffer_.get(), kReadBytes) <= 0) return;
        } else {
          auto* client = static_cast<Client*>(events[i].data.ptr);
          if (!client->OnEvents(events[i].events, buffer_.get())) delete client;
        }
      }
    }
  }

 private:
  void Watch(int fd, uint32_t what, void* data) {
    epoll_event event = {};
    event.events = what;
    event.data.ptr = data;
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  }

  void Accept() {
    while (true) {
      const int fd = accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      // Owned by the epoll instance, so to speak: it comes back with every event.
      Watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, new Client(fd, answers_));
    }
  }

  Answers answers_;
  io::FileDescriptor epoll_, listener_;
  sockaddr_in address_ = {};
  std::unique_ptr<char[]> buffer_;
};

}  // namespace
}  // namespace mantlet::bench

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 0;
  mantlet::bench::Server(static_cast<uint16_t>(port)).Run();
  return 0;
}
