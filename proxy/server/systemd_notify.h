// The three protocols between systemd and a service: readiness datagrams (sd_notify(3)), sockets
// passed at the start (sd_listen_fds(3)), and detection of the journal ($JOURNAL_STREAM,
// systemd.exec(5)). libsystemd is not used: the image would need another library for three
// environment variables and one datagram.

#ifndef MANTLET_PROXY_SERVER_SYSTEMD_NOTIFY_H_
#define MANTLET_PROXY_SERVER_SYSTEMD_NOTIFY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "config/environment.h"

namespace mantlet::server {

// SystemdNotifier reports the state of the process to the service manager. Without $NOTIFY_SOCKET
// every call does nothing and succeeds. Each call opens a socket, sends one datagram without
// waiting, and closes the socket. The caller should only log an error. Thread-safe.
class SystemdNotifier {
 public:
  // Reads $NOTIFY_SOCKET ("/path" or "@abstract"), $WATCHDOG_USEC and $WATCHDOG_PID.
  explicit SystemdNotifier(const config::Environment& environment);

  bool active() const { return !socket_.empty(); }

  absl::Status Ready(std::string_view status) const;
  absl::Status Stopping(std::string_view status) const;
  // Must be followed by Ready() when the reload has ended, with any result.
  absl::Status Reloading(int64_t monotonic_us) const;
  absl::Status Status(std::string_view status) const;
  absl::Status Watchdog() const;

  // Returns the interval at which to call Watchdog(): half of systemd's limit. Returns nullopt if
  // this process has no watchdog.
  std::optional<int64_t> watchdog_interval_ms() const { return watchdog_interval_ms_; }

 private:
  absl::Status Send(std::string_view message) const;

  std::string socket_;
  std::optional<int64_t> watchdog_interval_ms_;
};

// Returns whether `fd` is the stream to the journal that $JOURNAL_STREAM names ("DEVICE:INODE").
bool IsJournalStream(const config::Environment& environment, int fd);

// InheritedSocket is a socket that the service manager has opened for this process.
struct InheritedSocket {
  int fd = -1;
  std::string name;  // from LISTEN_FDNAMES; "unknown" if systemd passed no name
  bool operator==(const InheritedSocket&) const = default;
};

// Parses LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES. Returns an empty list if there are no sockets
// or they are meant for another process, and an error if the variables contradict each other. Does
// not touch the file descriptors. Several sockets may have the same name.
absl::StatusOr<std::vector<InheritedSocket>> ParseInheritedSockets(
    const config::Environment& environment, int64_t own_pid);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_SYSTEMD_NOTIFY_H_
