// Implements the three protocols that systemd speaks with a service: readiness datagrams
// (sd_notify(3)), sockets passed at the start (sd_listen_fds(3)), and detection of the journal
// ($JOURNAL_STREAM, systemd.exec(5)). libsystemd is not used: it would be one more library in an
// image that needs three environment variables and one datagram of it.

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

// Tells the service manager how we are. Without $NOTIFY_SOCKET every call does
// nothing and succeeds. Each call opens a socket, sends one datagram without
// waiting, and closes it. Errors are worth a log record and no more. Thread-safe.
class SystemdNotifier {
 public:
  // Takes $NOTIFY_SOCKET ("/path" or "@abstract"), $WATCHDOG_USEC, $WATCHDOG_PID.
  explicit SystemdNotifier(const config::Environment& environment);

  bool active() const { return !socket_.empty(); }

  absl::Status Ready(std::string_view status) const;
  absl::Status Stopping(std::string_view status) const;
  // Followed by Ready() when the reload has ended, whatever came of it.
  absl::Status Reloading(int64_t monotonic_us) const;
  absl::Status Status(std::string_view status) const;
  absl::Status Watchdog() const;

  // How often to call Watchdog(): half of what systemd allows. Empty when no
  // watchdog is asked of this process.
  std::optional<int64_t> watchdog_interval_ms() const { return watchdog_interval_ms_; }

 private:
  absl::Status Send(std::string_view message) const;

  std::string socket_;
  std::optional<int64_t> watchdog_interval_ms_;
};

// Whether `fd` is the stream to the journal that $JOURNAL_STREAM names ("DEVICE:INODE").
bool IsJournalStream(const config::Environment& environment, int fd);

// A socket that the service manager opened for us.
struct InheritedSocket {
  int fd = -1;
  std::string name;  // from LISTEN_FDNAMES; "unknown" when systemd gave none
  bool operator==(const InheritedSocket&) const = default;
};

// LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES. Empty when there are none or they are
// meant for another process; an error when they contradict themselves. Touches
// no file descriptor. Several sockets may have the same name.
absl::StatusOr<std::vector<InheritedSocket>> ParseInheritedSockets(
    const config::Environment& environment, int64_t own_pid);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_SYSTEMD_NOTIFY_H_
