#include "proxy/io/listener.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "test/proxy/io/loop_driver.h"
#include "test/proxy/io/temp_directory.h"

namespace mantlet::io {
namespace {

SocketAddress Loopback(uint16_t port) {
  return SocketAddress::Resolve("127.0.0.1", port).value().front();
}

FileDescriptor Dial(const SocketAddress& address) {
  FileDescriptor fd(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(connect(fd.get(), address.data(), address.size()), 0);
  return fd;
}

struct Accepted {
  std::vector<FileDescriptor> fds;
  std::vector<std::string> peers, errors;
  bool serves = true;
  std::unique_ptr<Listener> Serve(Loop& loop, FileDescriptor socket) {
    return std::make_unique<Listener>(
        loop, std::move(socket),
        [this](FileDescriptor fd, const SocketAddress& peer) {
          fds.push_back(std::move(fd));
          peers.push_back(peer.ToString());
          return serves;
        },
        [this](const std::string& what) { errors.push_back(what); });
  }
};

TEST(Listener, PassesOnEveryConnectionWithItsPeer) {
  Loop loop;
  FileDescriptor socket = OpenListeningSocket(Loopback(0)).value();
  const SocketAddress address = LocalAddress(socket.get()).value();
  ASSERT_NE(address.port(), 0);
  Accepted accepted;
  auto listener = accepted.Serve(loop, std::move(socket));
  std::vector<FileDescriptor> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(Dial(address));
  ASSERT_TRUE(RunUntil(loop, [&] { return accepted.fds.size() == clients.size(); }));
  EXPECT_EQ(accepted.peers[0], LocalAddress(clients[0].get())->ToString());
  const int fd = accepted.fds[0].get();
  EXPECT_TRUE(fcntl(fd, F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

TEST(Listener, SeveralWorkersShareOnePort) {
  FileDescriptor first = OpenListeningSocket(Loopback(0)).value();
  const SocketAddress address = LocalAddress(first.get()).value();
  auto second = OpenListeningSocket(address);
  EXPECT_TRUE(second.ok()) << second.status();
}

TEST(Listener, AcceptsTheQueueBeforeItIsDestroyed) {
  Loop loop;
  FileDescriptor socket = OpenListeningSocket(Loopback(0)).value();
  const SocketAddress address = LocalAddress(socket.get()).value();
  Accepted accepted;
  auto listener = accepted.Serve(loop, std::move(socket));
  FileDescriptor client = Dial(address);
  listener->AcceptPending();
  EXPECT_EQ(accepted.fds.size(), 1u);
}

TEST(Listener, AcceptsALongQueueCompletely) {
  Loop loop;
  FileDescriptor socket = OpenListeningSocket(Loopback(0)).value();
  const SocketAddress address = LocalAddress(socket.get()).value();
  Accepted accepted;
  auto listener = accepted.Serve(loop, std::move(socket));
  std::vector<FileDescriptor> clients;
  for (int i = 0; i < 300; ++i) clients.push_back(Dial(address));
  listener->RefuseNew();
  listener->AcceptPending();
  EXPECT_EQ(accepted.fds.size(), clients.size()) << "more than a turn's worth";
}

TEST(Listener, StartsNoNewConnectionBeforeItIsDestroyed) {
  Loop loop;
  FileDescriptor socket = OpenListeningSocket(Loopback(0)).value();
  const SocketAddress address = LocalAddress(socket.get()).value();
  Accepted accepted;
  auto listener = accepted.Serve(loop, std::move(socket));
  const FileDescriptor before = Dial(address);
  listener->RefuseNew();
  FileDescriptor after(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  EXPECT_EQ(connect(after.get(), address.data(), address.size()), -1);
  EXPECT_EQ(errno, EINPROGRESS);
  listener->AcceptPending();
  ASSERT_FALSE(accepted.fds.empty());
  EXPECT_EQ(accepted.peers[0], LocalAddress(before.get())->ToString());
  EXPECT_EQ(std::count(accepted.peers.begin(), accepted.peers.end(),
                       LocalAddress(after.get())->ToString()),
            0);
  // On loopback the handshake is complete before connect(2) returns.
  pollfd writable = {after.get(), POLLOUT, 0};
  EXPECT_EQ(poll(&writable, 1, 0), 0) << "neither taken in nor refused: it is tried again";
  // The accepted connection still works.
  ASSERT_EQ(write(before.get(), "x", 1), 1);
  char byte = 0;
  pollfd readable = {accepted.fds[0].get(), POLLIN, 0};
  ASSERT_EQ(poll(&readable, 1, 5000), 1);
  EXPECT_EQ(read(accepted.fds[0].get(), &byte, 1), 1);
}

TEST(Listener, AUnixSocketRefusesConnectionsAndKeepsItsQueue) {
  TempDirectory directory;
  Loop loop;
  const SocketAddress address = SocketAddress::Unix(directory.path() + "/s").value();
  Accepted accepted;
  auto listener = accepted.Serve(loop, OpenListeningSocket(address).value());
  std::vector<FileDescriptor> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(Dial(address));
  listener->RefuseNew();
  FileDescriptor after(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(connect(after.get(), address.data(), address.size()), -1);
  EXPECT_EQ(errno, ECONNREFUSED);
  listener->AcceptPending();
  EXPECT_EQ(accepted.fds.size(), clients.size());
}

TEST(Listener, AcceptsItsWholeQueueThoughFewDescriptorsAreFree) {
  TempDirectory directory;
  for (const SocketAddress& wanted :
       {Loopback(0), SocketAddress::Unix(directory.path() + "/s").value()}) {
    Loop loop;
    FileDescriptor socket = OpenListeningSocket(wanted).value();
    const SocketAddress address = LocalAddress(socket.get()).value();
    std::vector<FileDescriptor> clients, accepted;
    for (int i = 0; i < 5; ++i) clients.push_back(Dial(address));
    int errors = 0;
    Listener listener(
        loop, std::move(socket),
        [&](FileDescriptor fd, const SocketAddress&) {
          accepted.push_back(std::move(fd));
          return true;
        },
        [&](const std::string&) { ++errors; }, /*accept_below=*/0);
    listener.RefuseNew();
    listener.AcceptPending();
    EXPECT_EQ(accepted.size(), clients.size()) << wanted.ToString();
    EXPECT_EQ(errors, 0) << wanted.ToString();
  }
}

// Waits for a turn in which `listener` accepts, and returns how many it accepted.
size_t AcceptedInATurn(Loop& loop, const Accepted& accepted) {
  const size_t before = accepted.fds.size();
  size_t in_turn = 0;
  loop.SetTurnEnd([&] {
    if (in_turn == 0) in_turn = accepted.fds.size() - before;
  });
  EXPECT_TRUE(RunUntil(loop, [&] { return in_turn > 0; }));
  loop.SetTurnEnd(nullptr);
  return in_turn;
}

TEST(Listener, TellsSinceWhenConnectionsAreQueued) {
  Loop loop;
  FileDescriptor socket = OpenListeningSocket(Loopback(0)).value();
  const SocketAddress address = LocalAddress(socket.get()).value();
  Accepted accepted;
  auto listener = accepted.Serve(loop, std::move(socket));
  EXPECT_FALSE(listener->queued_since_ms());
  std::vector<FileDescriptor> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(Dial(address));
  const size_t in_turn = AcceptedInATurn(loop, accepted);
  EXPECT_LT(in_turn, clients.size()) << "all in one turn would keep other connections waiting";
  ASSERT_TRUE(listener->queued_since_ms());
  EXPECT_LE(*listener->queued_since_ms(), loop.now_ms());
  ASSERT_TRUE(RunUntil(loop, [&] { return accepted.fds.size() == clients.size(); }));
  EXPECT_FALSE(listener->queued_since_ms());
}

TEST(Listener, AcceptsMoreInATurnOfThoseThatAreRefused) {
  Loop loop;
  FileDescriptor socket = OpenListeningSocket(Loopback(0)).value();
  const SocketAddress address = LocalAddress(socket.get()).value();
  Accepted accepted;
  accepted.serves = false;
  auto listener = accepted.Serve(loop, std::move(socket));
  std::vector<FileDescriptor> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(Dial(address));
  EXPECT_EQ(AcceptedInATurn(loop, accepted), clients.size());
}

TEST(Listener, AcceptsNothingAfterItsDestruction) {
  Loop loop;
  FileDescriptor socket = OpenListeningSocket(Loopback(0)).value();
  FileDescriptor kept(dup(socket.get()));  // so that a client can still connect
  const SocketAddress address = LocalAddress(socket.get()).value();
  Accepted accepted;
  auto listener = accepted.Serve(loop, std::move(socket));
  listener.reset();
  FileDescriptor client = Dial(address);
  RunReady(loop);
  EXPECT_TRUE(accepted.fds.empty());
}

TEST(Listener, PausesWithoutDescriptorsAndContinuesWhenThereAreSome) {
  Loop loop;
  FileDescriptor socket = OpenListeningSocket(Loopback(0)).value();
  const SocketAddress address = LocalAddress(socket.get()).value();
  Accepted accepted;
  auto listener = accepted.Serve(loop, std::move(socket));
  FileDescriptor client = Dial(address);
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const bool told = RunUntil(loop, [&] { return !accepted.errors.empty(); });
  RunReady(loop);  // the queue is readable all the time: no second error in a row
  const size_t errors = accepted.errors.size();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(told);
  EXPECT_EQ(errors, 1u);
  EXPECT_TRUE(RunUntil(loop, [&] { return accepted.fds.size() == 1; }));
}

TEST(Listener, ReservesDescriptorsAndContinuesWhenMoreAreFree) {
  Loop loop;
  FileDescriptor socket = OpenListeningSocket(Loopback(0)).value();
  const SocketAddress address = LocalAddress(socket.get()).value();
  std::vector<FileDescriptor> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(Dial(address));
  FileDescriptor lowest(dup(socket.get()));
  const int accept_below = lowest.get() + 3;
  lowest.Reset();
  std::vector<FileDescriptor> accepted;
  int errors = 0;
  Listener listener(
      loop, std::move(socket),
      [&](FileDescriptor fd, const SocketAddress&) {
        accepted.push_back(std::move(fd));
        return true;
      },
      [&](const std::string&) { ++errors; }, accept_below);
  ASSERT_TRUE(RunUntil(loop, [&] { return errors > 0; }));
  for (int i = 0; i < 3; ++i) RunReady(loop);
  EXPECT_LE(accepted.size(), 4u) << "one beyond the mark tells that it is reached";
  FileDescriptor for_others(dup(clients[0].get()));
  EXPECT_TRUE(for_others) << "there is one left";
  for_others.Reset();
  const size_t before = accepted.size();
  accepted.clear();
  size_t after = 0;
  EXPECT_TRUE(RunUntil(loop, [&] {
    after += accepted.size();
    accepted.clear();
    return before + after == clients.size();
  }));
}

TEST(Listener, AQuarterOfTheDescriptorsIsReservedUpToALimit) {
  EXPECT_EQ(ClientDescriptors(1024), 768);
  EXPECT_EQ(ClientDescriptors(20'000), 15'904);
  EXPECT_EQ(ClientDescriptors(1'048'576), 1'044'480);
}

TEST(ListeningSocket, AnAddressOfAnotherMachineIsAnErrorWithTheReason) {
  auto socket = OpenListeningSocket(SocketAddress::Resolve("192.0.2.1", 0).value().front());
  ASSERT_FALSE(socket.ok());
  EXPECT_NE(socket.status().message().find("this machine has no such address"), std::string::npos);
}

TEST(ListeningSocket, APortInUseIsAnErrorWithTheReason) {
  // Another program, without SO_REUSEPORT.
  FileDescriptor other(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  SocketAddress address = Loopback(0);
  ASSERT_EQ(bind(other.get(), address.data(), address.size()), 0);
  ASSERT_EQ(listen(other.get(), 1), 0);
  auto socket = OpenListeningSocket(LocalAddress(other.get()).value());
  ASSERT_FALSE(socket.ok());
  EXPECT_NE(socket.status().message().find("another process listens there"), std::string::npos);
}

TEST(ListeningSocket, ACheckFindsAnotherListenerThatSharesThePort) {
  FileDescriptor other = OpenListeningSocket(Loopback(0)).value();
  const SocketAddress address = LocalAddress(other.get()).value();
  absl::Status taken = CheckFree(address);
  ASSERT_FALSE(taken.ok());
  EXPECT_NE(taken.message().find("another process listens there"), std::string::npos);
  other.Reset();
  EXPECT_TRUE(CheckFree(address).ok());
}

TEST(ListeningSocket, ReplacesTheUnixSocketOfADeadProcess) {
  TempDirectory directory;
  const SocketAddress address = SocketAddress::Unix(directory.File("stale.sock")).value();
  OpenListeningSocket(address).value().Reset();  // the file stays
  ASSERT_EQ(access(address.unix_path().c_str(), F_OK), 0);
  auto socket = OpenListeningSocket(address);
  ASSERT_TRUE(socket.ok()) << socket.status();
  Dial(address);
}

TEST(ListeningSocket, LeavesTheUnixSocketOfALiveProcessAlone) {
  TempDirectory directory;
  const SocketAddress address = SocketAddress::Unix(directory.File("live.sock")).value();
  FileDescriptor live = OpenListeningSocket(address).value();
  auto second = OpenListeningSocket(address);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().message().find(
                "another process is listening there; stop it or choose another path"),
            std::string::npos);
  Dial(address);
}

TEST(ListeningSocket, ASocketWithAFullQueueIsInUse) {
  TempDirectory directory;
  const SocketAddress address = SocketAddress::Unix(directory.File("full.sock")).value();
  FileDescriptor live(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(bind(live.get(), address.data(), address.size()), 0);
  ASSERT_EQ(listen(live.get(), 0), 0);
  FileDescriptor waiting = Dial(address);  // it is not accepted
  auto second = OpenListeningSocket(address);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().message().find(
                "another process is listening there; stop it or choose another path"),
            std::string::npos);
  EXPECT_EQ(access(address.unix_path().c_str(), F_OK), 0);
}

TEST(ListeningSocket, ADatagramSocketIsNotRemoved) {
  TempDirectory directory;
  const SocketAddress address = SocketAddress::Unix(directory.File("log.sock")).value();
  FileDescriptor other(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(bind(other.get(), address.data(), address.size()), 0);
  EXPECT_FALSE(OpenListeningSocket(address).ok());
  EXPECT_EQ(access(address.unix_path().c_str(), F_OK), 0);
}

TEST(ListeningSocket, TheModeOfAUnixSocketDoesNotDependOnTheUmask) {
  TempDirectory directory;
  for (const mode_t mask : {0000, 0077, 0777}) {
    const SocketAddress address = SocketAddress::Unix(directory.File("mode.sock")).value();
    const mode_t before = umask(mask);
    auto socket = OpenListeningSocket(address, {.unix_mode = 0620});
    umask(before);
    ASSERT_TRUE(socket.ok()) << socket.status();
    struct stat status;
    ASSERT_EQ(stat(address.unix_path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0620u);
  }
}

TEST(ListeningSocket, AUnixSocketHasTheConfiguredGroup) {
  TempDirectory directory;
  const SocketAddress address = SocketAddress::Unix(directory.File("group.sock")).value();
  auto socket = OpenListeningSocket(address, {.unix_group = std::to_string(getgid())});
  ASSERT_TRUE(socket.ok()) << socket.status();
  auto unknown = OpenListeningSocket(SocketAddress::Unix(directory.File("other.sock")).value(),
                                     {.unix_group = "no-such-group"});
  EXPECT_NE(unknown.status().message().find("no group 'no-such-group'"), std::string::npos);
  EXPECT_NE(access(directory.File("other.sock").c_str(), F_OK), 0) << "nothing is left behind";
}

TEST(ListeningSocket, BothWildcardsShareAPortIfTheSixthLeavesTheFourthAlone) {
  FileDescriptor v4 = OpenListeningSocket(SocketAddress::Resolve("0.0.0.0", 0)->front()).value();
  SocketAddress v6 = SocketAddress::Resolve("::", LocalAddress(v4.get())->port())->front();
  EXPECT_FALSE(CheckFree(v6).ok());
  EXPECT_TRUE(CheckFree(v6, true).ok());
  EXPECT_TRUE(OpenListeningSocket(v6, {.v6_only = true}).ok());
}

TEST(ListeningSocket, DoesNotRemoveAFileThatIsNotASocket) {
  TempDirectory directory;
  const SocketAddress address = SocketAddress::Unix(directory.File("precious.txt")).value();
  FILE* file = fopen(address.unix_path().c_str(), "w");
  ASSERT_NE(file, nullptr);
  fclose(file);
  EXPECT_FALSE(OpenListeningSocket(address).ok());
  EXPECT_EQ(access(address.unix_path().c_str(), F_OK), 0) << "still there";
}

}  // namespace
}  // namespace mantlet::io
