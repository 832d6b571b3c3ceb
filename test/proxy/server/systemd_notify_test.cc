#include "proxy/server/systemd_notify.h"

#include <gtest/gtest.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>
#include <utility>

namespace mantlet::server {
namespace {

config::Environment Env(config::Environment::Variables values) {
  return config::Environment(std::move(values));
}

// The socket of the service manager: a datagram socket with a path or an abstract name.
class ManagerSocket {
 public:
  explicit ManagerSocket(const std::string& name) : name_(name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() +
                                               (name[0] == '@' ? 0 : 1));
    fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), length), 0) << strerror(errno);
  }
  ~ManagerSocket() {
    close(fd_);
    if (name_[0] == '/') unlink(name_.c_str());
  }
  // Returns the received datagram. Local datagrams arrive before sendto returns.
  std::string Receive() {
    char buffer[4096];
    const ssize_t n = recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
    return n < 0 ? "(nothing)" : std::string(buffer, static_cast<size_t>(n));
  }

 private:
  std::string name_;
  int fd_ = -1;
};

TEST(SystemdNotifier, DoesNothingWithoutASocket) {
  const SystemdNotifier notifier(Env({}));
  EXPECT_FALSE(notifier.active());
  EXPECT_TRUE(notifier.Ready("up").ok());
  EXPECT_TRUE(notifier.Watchdog().ok());
}

TEST(SystemdNotifier, SpeaksToASocketInTheFileSystem) {
  // Not in the test's own folder, whose path is too long for a socket.
  const std::string path = "/tmp/mantlet-notify-test-" + std::to_string(getpid());
  ManagerSocket manager(path);
  const SystemdNotifier notifier(Env({{"NOTIFY_SOCKET", path}}));
  EXPECT_TRUE(notifier.active());
  EXPECT_TRUE(notifier.Ready("Serving 2 listeners").ok());
  EXPECT_EQ(manager.Receive(), "READY=1\nSTATUS=Serving 2 listeners");
  EXPECT_TRUE(notifier.Reloading(123'456).ok());
  EXPECT_EQ(manager.Receive(), "RELOADING=1\nMONOTONIC_USEC=123456");
  EXPECT_TRUE(notifier.Stopping("Draining").ok());
  EXPECT_EQ(manager.Receive(), "STOPPING=1\nSTATUS=Draining");
  EXPECT_TRUE(notifier.Watchdog().ok());
  EXPECT_EQ(manager.Receive(), "WATCHDOG=1");
}

TEST(SystemdNotifier, SpeaksToAnAbstractSocket) {
  const std::string name = "@mantlet-test-" + std::to_string(getpid());
  ManagerSocket manager(name);
  const SystemdNotifier notifier(Env({{"NOTIFY_SOCKET", name}}));
  EXPECT_TRUE(notifier.Ready("").ok());
  EXPECT_EQ(manager.Receive(), "READY=1");
}

TEST(SystemdNotifier, AStatusCannotSmuggleAnAssignment) {
  const std::string name = "@mantlet-test-status-" + std::to_string(getpid());
  ManagerSocket manager(name);
  const SystemdNotifier notifier(Env({{"NOTIFY_SOCKET", name}}));
  EXPECT_TRUE(notifier.Status("failed:\nMAINPID=1").ok());
  EXPECT_EQ(manager.Receive(), "STATUS=failed: MAINPID=1");
}

TEST(SystemdNotifier, AnEmptyStatusClearsTheOneBefore) {
  const std::string name = "@mantlet-test-empty-" + std::to_string(getpid());
  ManagerSocket manager(name);
  const SystemdNotifier notifier(Env({{"NOTIFY_SOCKET", name}}));
  EXPECT_TRUE(notifier.Status("").ok());
  EXPECT_EQ(manager.Receive(), "STATUS=");
}

TEST(SystemdNotifier, ReportsSendErrors) {
  EXPECT_FALSE(SystemdNotifier(Env({{"NOTIFY_SOCKET", "/nonexistent/s"}})).Ready("").ok());
  EXPECT_FALSE(SystemdNotifier(Env({{"NOTIFY_SOCKET", "relative"}})).Ready("").ok());
  EXPECT_FALSE(
      SystemdNotifier(Env({{"NOTIFY_SOCKET", "/" + std::string(200, 'x')}})).Ready("").ok());
}

TEST(SystemdNotifier, FeedsTheWatchdogTwiceAsOftenAsAsked) {
  const std::string own = std::to_string(getpid());
  const auto interval = [](config::Environment::Variables env) {
    return SystemdNotifier(Env(std::move(env))).watchdog_interval_ms();
  };
  EXPECT_EQ(interval({{"WATCHDOG_USEC", "30000000"}}), 15'000);
  EXPECT_EQ(interval({{"WATCHDOG_USEC", "30000000"}, {"WATCHDOG_PID", own}}), 15'000);
  EXPECT_EQ(interval({{"WATCHDOG_USEC", "30000000"}, {"WATCHDOG_PID", "1"}}), std::nullopt);
  EXPECT_EQ(interval({{"WATCHDOG_USEC", "soon"}}), std::nullopt);
  EXPECT_EQ(interval({{"WATCHDOG_USEC", "0"}}), std::nullopt);
  EXPECT_EQ(interval({{"WATCHDOG_USEC", "1"}}), 1);
  EXPECT_EQ(interval({}), std::nullopt);
}

TEST(ParseInheritedSockets, GivesDescriptorsFromThreeOnWithTheirNames) {
  const auto sockets = ParseInheritedSockets(
      Env({{"LISTEN_PID", "42"}, {"LISTEN_FDS", "3"}, {"LISTEN_FDNAMES", "public:admin:public"}}),
      42);
  ASSERT_TRUE(sockets.ok());
  EXPECT_EQ(*sockets, (std::vector<InheritedSocket>{{3, "public"}, {4, "admin"}, {5, "public"}}));
}

TEST(ParseInheritedSockets, WithoutNamesTheyAreUnknown) {
  const auto sockets = ParseInheritedSockets(Env({{"LISTEN_PID", "42"}, {"LISTEN_FDS", "1"}}), 42);
  ASSERT_TRUE(sockets.ok());
  EXPECT_EQ(*sockets, (std::vector<InheritedSocket>{{3, "unknown"}}));
}

TEST(ParseInheritedSockets, AreNoneWhenMeantForAnotherProcess) {
  const auto other = ParseInheritedSockets(Env({{"LISTEN_PID", "41"}, {"LISTEN_FDS", "1"}}), 42);
  ASSERT_TRUE(other.ok());
  EXPECT_TRUE(other->empty());
  const auto unset = ParseInheritedSockets(Env({}), 42);
  ASSERT_TRUE(unset.ok());
  EXPECT_TRUE(unset->empty());
}

TEST(ParseInheritedSockets, RejectsContradictions) {
  const auto parse = [](std::string pid, std::string fds, std::string names) {
    return ParseInheritedSockets(
               Env({{"LISTEN_PID", pid}, {"LISTEN_FDS", fds}, {"LISTEN_FDNAMES", names}}), 42)
        .ok();
  };
  EXPECT_TRUE(parse("42", "2", "a:b"));
  EXPECT_FALSE(parse("42", "2", "a"));
  EXPECT_FALSE(parse("42", "1", "a:b"));
  EXPECT_FALSE(parse("42", "-1", ""));
  EXPECT_FALSE(parse("42", "many", ""));
  EXPECT_FALSE(parse("me", "1", "a"));
  EXPECT_FALSE(
      ParseInheritedSockets(Env({{"LISTEN_PID", "42"}, {"LISTEN_FDS", "2000000000"}}), 42).ok());
}

TEST(IsJournalStream, OnlyTheDescriptorThatIsNamedIsTheJournal) {
  struct stat status;
  ASSERT_EQ(fstat(STDERR_FILENO, &status), 0);
  const std::string name = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  const auto with = [](const std::string& value) { return Env({{"JOURNAL_STREAM", value}}); };
  EXPECT_TRUE(IsJournalStream(with(name), STDERR_FILENO));
  EXPECT_FALSE(IsJournalStream(with(name + "0"), STDERR_FILENO));
  EXPECT_FALSE(IsJournalStream(with(""), STDERR_FILENO));
  EXPECT_FALSE(IsJournalStream(Env({}), STDERR_FILENO));
  EXPECT_FALSE(IsJournalStream(with(name), -1));
}

}  // namespace
}  // namespace mantlet::server
