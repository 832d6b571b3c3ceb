// Each test restricts a process of its own.

#include "proxy/sandbox/landlock.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "proxy/base/regular_file.h"
#include "proxy/sandbox/process_flags.h"
#include "test/proxy/io/temp_directory.h"

namespace mantlet::sandbox {
namespace {

class LandlockTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    if (LandlockAbi(&why) == 0) GTEST_SKIP() << why;
    for (const char* name : {"read", "write", "sockets", "other"}) {
      ASSERT_EQ(0, mkdir(Path(name).c_str(), 0700));
      std::ofstream(Path(name) + "/file") << "text";
    }
    rules_.read = {Path("read")};
    rules_.write = {Path("write")};
    rules_.sockets = {Path("sockets")};
    rules_.bind_ports.emplace();
    rules_.connect_ports.emplace();
  }

  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }

  // Runs `body` in a restricted child; its result is the exit status.
  void Restricted(const std::function<int()>& body) {
    EXPECT_EXIT(
        {
          if (!SetNoNewPrivileges()) _exit(101);
          if (RestrictTo(&rules_).state != Mechanism::State::kOn) _exit(102);
          _exit(body());
        },
        testing::ExitedWithCode(0), "");
  }

  static int OpenError(const std::string& path, int flags) {
    const int fd = open(path.c_str(), flags | O_CLOEXEC, 0600);
    return fd >= 0 ? close(fd) : errno;
  }

  static sockaddr_in Loopback(uint16_t port) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  using Call = int (*)(int, const sockaddr*, socklen_t);
  static int TcpError(Call call, uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = Loopback(port);
    const int result = call(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    const int error = result == 0 ? 0 : errno;
    close(fd);
    return error;
  }
  static int UnixBindError(const std::string& path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int result = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    const int error = result == 0 ? 0 : errno;
    close(fd);
    return error;
  }

  io::TempDirectory directory_;
  Ruleset rules_;
};

TEST_F(LandlockTest, ReadsOnlyBelowTheDirectoriesToRead) {
  Restricted([&] {
    if (OpenError(Path("read/file"), O_RDONLY) != 0) return 1;
    if (OpenError(Path("other/file"), O_RDONLY) != EACCES) return 2;
    if (OpenError("/etc/passwd", O_RDONLY) != EACCES) return 3;
    if (OpenError(Path("read/file"), O_WRONLY) != EACCES) return 4;
    if (OpenError(Path("read/new"), O_WRONLY | O_CREAT) != EACCES) return 5;
    return unlink(Path("read/file").c_str()) == -1 && errno == EACCES ? 0 : 6;
  });
}

TEST_F(LandlockTest, FollowsNoLinkToTheOutside) {
  ASSERT_EQ(0, symlink(Path("other/file").c_str(), Path("read/link").c_str()));
  Restricted([&] { return OpenError(Path("read/link"), O_RDONLY) == EACCES ? 0 : 1; });
}

TEST_F(LandlockTest, WritesAndCreatesOnlyBelowTheDirectoriesToWrite) {
  Restricted([&] {
    if (OpenError(Path("write/new"), O_WRONLY | O_CREAT | O_APPEND) != 0) return 1;
    if (OpenError(Path("write/file"), O_WRONLY | O_APPEND) != 0) return 2;
    if (OpenError(Path("write/file"), O_RDONLY) != EACCES) return 3;
    if (OpenError(Path("other/new"), O_WRONLY | O_CREAT) != EACCES) return 4;
    return symlink("/etc/passwd", Path("write/link").c_str()) == -1 && errno == EACCES ? 0 : 5;
  });
}

TEST_F(LandlockTest, CreatesUnixSocketsOnlyInTheirDirectories) {
  Restricted([&] {
    if (UnixBindError(Path("sockets/socket")) != 0) return 1;
    if (unlink(Path("sockets/socket").c_str()) != 0) return 2;
    return UnixBindError(Path("other/socket")) == EACCES ? 0 : 3;
  });
}

TEST_F(LandlockTest, BindsAndConnectsToTheNamedPortsOnly) {
  if (LandlockAbi() < 4) GTEST_SKIP() << "this kernel cannot restrict ports";
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  ASSERT_EQ(0, bind(listener, reinterpret_cast<const sockaddr*>(&address), size));
  ASSERT_EQ(0, listen(listener, 8));
  ASSERT_EQ(0, getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size));
  const uint16_t port = ntohs(address.sin_port);
  const auto other = static_cast<uint16_t>(port == 65535 ? 1024 : port + 1);
  rules_.connect_ports = {port};
  rules_.bind_ports = {other};
  Restricted([&] {
    if (TcpError(connect, port) != 0) return 1;
    if (TcpError(connect, other) != EACCES) return 2;
    if (TcpError(bind, port) != EACCES) return 3;
    const int allowed = TcpError(bind, other);
    return allowed == 0 || allowed == EADDRINUSE ? 0 : 4;
  });
  rules_.connect_ports.reset();
  rules_.bind_ports.reset();
  Restricted([&] {
    if (TcpError(bind, 0) != 0) return 1;
    return TcpError(connect, other) == EACCES ? 2 : 0;
  });
  close(listener);
}

TEST_F(LandlockTest, SignalsNoOtherProcess) {
  if (LandlockAbi() < 6) GTEST_SKIP() << "this kernel cannot restrict signals";
  Restricted([] {
    if (kill(getpid(), 0) != 0) return 1;
    return kill(getppid(), 0) == -1 && errno == EPERM ? 0 : 2;
  });
}

TEST_F(LandlockTest, HoldsForAThreadThatStartsLater) {
  Restricted([&] {
    int error = 0;
    std::thread([&] { error = OpenError(Path("other/file"), O_RDONLY); }).join();
    return error == EACCES ? 0 : 1;
  });
}

TEST_F(LandlockTest, IsNamedByTheErrorOfAFileThatItRefuses) {
  Restricted([&] {
    const std::string message(base::RegularFile::Open(Path("other/file")).status().message());
    return message.find("restart needed") != std::string::npos ? 0 : 1;
  });
}

TEST_F(LandlockTest, IgnoresPathsThatDoNotExist) {
  rules_.read.insert(Path("missing"));
  Restricted([&] { return OpenError(Path("read/file"), O_RDONLY); });
}

}  // namespace
}  // namespace mantlet::sandbox
