#include "proxy/server/systemd_notify.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace mantlet::server {
namespace {

constexpr int kFirstInheritedFd = 3;  // SD_LISTEN_FDS_START

// A newline in the text would begin another assignment.
std::string StatusAssignment(std::string_view status) {
  return absl::StrCat("STATUS=", absl::StrReplaceAll(std::string(status), {{"\n", " "}}));
}

// Returns `state`, followed by the status unless it is empty.
std::string WithStatus(const char* state, std::string_view status) {
  if (status.empty()) return state;
  return absl::StrCat(state, "\n", StatusAssignment(status));
}

std::optional<int64_t> WatchdogInterval(const config::Environment& environment) {
  const std::optional<std::string> usec = environment.Get("WATCHDOG_USEC");
  int64_t value = 0;
  if (!usec || !absl::SimpleAtoi(*usec, &value) || value <= 0) return std::nullopt;
  if (const std::optional<std::string> pid = environment.Get("WATCHDOG_PID")) {
    int64_t meant_for = 0;
    if (!absl::SimpleAtoi(*pid, &meant_for) || meant_for != getpid()) return std::nullopt;
  }
  return std::max<int64_t>(value / 1000 / 2, 1);
}

absl::Status ErrnoStatus(std::string_view what) {
  return absl::UnavailableError(absl::StrCat(std::string(what), ": ", strerror(errno)));
}

}  // namespace

SystemdNotifier::SystemdNotifier(const config::Environment& environment)
    : socket_(environment.Get("NOTIFY_SOCKET").value_or("")),
      watchdog_interval_ms_(WatchdogInterval(environment)) {}

absl::Status SystemdNotifier::Ready(std::string_view status) const {
  return Send(WithStatus("READY=1", status));
}

absl::Status SystemdNotifier::Stopping(std::string_view status) const {
  return Send(WithStatus("STOPPING=1", status));
}

absl::Status SystemdNotifier::Reloading(int64_t monotonic_us) const {
  return Send(absl::StrCat("RELOADING=1\nMONOTONIC_USEC=", monotonic_us));
}

absl::Status SystemdNotifier::Status(std::string_view status) const {
  return Send(StatusAssignment(status));
}

absl::Status SystemdNotifier::Watchdog() const { return Send("WATCHDOG=1"); }

absl::Status SystemdNotifier::Send(std::string_view message) const {
  if (!active()) return absl::OkStatus();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.size() >= sizeof address.sun_path || (socket_[0] != '/' && socket_[0] != '@')) {
    return absl::InvalidArgumentError(
        absl::StrCat("NOTIFY_SOCKET is not an absolute path or an abstract name: ", socket_));
  }
  memcpy(address.sun_path, socket_.data(), socket_.size());
  // An abstract name begins with a zero byte and has no terminator; its length counts.
  if (socket_[0] == '@') address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size() +
                                             (socket_[0] == '@' ? 0 : 1));

  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return ErrnoStatus("cannot open a socket for systemd");
  const ssize_t sent = sendto(fd, message.data(), message.size(), MSG_NOSIGNAL,
                              reinterpret_cast<const sockaddr*>(&address), length);
  const absl::Status status =
      sent < 0 ? ErrnoStatus("cannot send to systemd's NOTIFY_SOCKET") : absl::OkStatus();
  close(fd);
  return status;
}

bool IsJournalStream(const config::Environment& environment, int fd) {
  const std::optional<std::string> stream = environment.Get("JOURNAL_STREAM");
  struct stat status;
  if (!stream || fstat(fd, &status) != 0) return false;
  return *stream == absl::StrCat(status.st_dev, ":", status.st_ino);
}

absl::StatusOr<std::vector<InheritedSocket>> ParseInheritedSockets(
    const config::Environment& environment, int64_t own_pid) {
  std::vector<InheritedSocket> sockets;
  const std::optional<std::string> pid_text = environment.Get("LISTEN_PID");
  const std::optional<std::string> count_text = environment.Get("LISTEN_FDS");
  if (!pid_text || !count_text) return sockets;

  int64_t pid = 0;
  if (!absl::SimpleAtoi(*pid_text, &pid) || pid <= 0) {
    return absl::InvalidArgumentError(absl::StrCat("LISTEN_PID is not a process id: ", *pid_text));
  }
  // The variables were set for a parent process that did not clear its environment.
  if (pid != own_pid) return sockets;

  int32_t count = 0;
  if (!absl::SimpleAtoi(*count_text, &count) || count < 0 ||
      count > std::numeric_limits<int32_t>::max() - kFirstInheritedFd) {
    return absl::InvalidArgumentError(absl::StrCat("LISTEN_FDS is not a count: ", *count_text));
  }
  std::vector<std::string> names;
  if (const std::optional<std::string> joined = environment.Get("LISTEN_FDNAMES")) {
    names = absl::StrSplit(*joined, ':');
    if (names.size() != static_cast<size_t>(count)) {
      return absl::InvalidArgumentError(
          absl::StrCat("LISTEN_FDNAMES has ", names.size(), " names but LISTEN_FDS is ", count));
    }
  }
  // A larger count is impossible and would only exhaust memory.
  if (count > 65536) {
    return absl::InvalidArgumentError(absl::StrCat("LISTEN_FDS is too large: ", count));
  }
  for (int32_t i = 0; i < count; ++i) {
    sockets.push_back({kFirstInheritedFd + i,
                       names.empty() ? std::string("unknown") : names[static_cast<size_t>(i)]});
  }
  return sockets;
}

}  // namespace mantlet::server
