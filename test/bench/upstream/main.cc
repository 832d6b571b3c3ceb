// The upstream as a process of its own.
//
// usage: upstream           listens on a port of 127.0.0.1
//        upstream --fd=N    on this socket, which listens already and does not block
//
// Says its port on stdout, as all it says one JSON object a line. Obeys lines on stdin:
// `pause` closes all connections and takes no new ones, `resume` takes them again; each
// is answered when it is done. Ends with the end of stdin.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proxy/io/file_descriptor.h"
#include "test/bench/upstream/command_lines.h"
#include "test/bench/upstream/server.h"

namespace mantlet::bench {
namespace {

[[noreturn]] void Fail() {
  std::perror("upstream");
  std::exit(1);
}

int Listen() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(fd, 4096) != 0) {
    Fail();
  }
  return fd;
}

uint16_t PortOf(int fd) {
  sockaddr_in address = {};
  socklen_t size = sizeof(address);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) Fail();
  return ntohs(address.sin_port);
}

void Say(std::string_view json) {
  std::printf("%.*s\n", static_cast<int>(json.size()), json.data());
  std::fflush(stdout);
}

class Commands : public Pollable {
 public:
  explicit Commands(Server& server) : server_(server) {}

  bool ended() const { return ended_; }

  void OnEvents(uint32_t) override {
    ended_ = !lines_.Read([this](std::string_view command) { Obey(command); });
  }

 private:
  void Obey(std::string_view command) {
    if (command != "pause" && command != "resume") return;
    server_.SetServing(command == "resume");
    Say(command == "pause" ? R"({"event": "paused"})" : R"({"event": "resumed"})");
  }

  Server& server_;
  CommandLines lines_;
  bool ended_ = false;
};

int Run(int listener) {
  const io::FileDescriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  const uint16_t port = PortOf(listener);
  Server server(epoll.get(), io::FileDescriptor(listener));
  Commands commands(server);
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.ptr = static_cast<Pollable*>(&commands);
  epoll_ctl(epoll.get(), EPOLL_CTL_ADD, STDIN_FILENO, &event);
  Say("{\"port\": " + std::to_string(port) + "}");
  // Few at once, and commands last: an event is of a connection that is still there.
  std::array<epoll_event, 256> events;
  while (!commands.ended()) {
    const int n = epoll_wait(epoll.get(), events.data(), events.size(), -1);
    bool said = false;
    for (int i = 0; i < n; ++i) {
      if (events[i].data.ptr == static_cast<Pollable*>(&commands)) {
        said = true;
      } else {
        static_cast<Pollable*>(events[i].data.ptr)->OnEvents(events[i].events);
      }
    }
    if (said) commands.OnEvents(EPOLLIN);
  }
  return 0;
}

}  // namespace
}  // namespace mantlet::bench

int main(int argc, char** argv) {
  const std::string_view argument = argc > 1 ? argv[1] : "";
  if (argument.empty()) return mantlet::bench::Run(mantlet::bench::Listen());
  if (argument.starts_with("--fd=")) return mantlet::bench::Run(std::atoi(argv[1] + 5));
  std::fputs("usage: upstream [--fd=N]\n", stderr);
  return 2;
}
