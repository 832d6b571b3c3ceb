#include "proxy/observe/access_log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mantlet::observe {
namespace {

uint64_t CountLines(std::string_view text) {
  return static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

absl::StatusOr<int> OpenLogFile(const std::string& path) {
  // O_NONBLOCK matters if the path is a FIFO without a reader.
  const int fd =
      open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
  if (fd < 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "cannot open the access log ", path, ": ",
        errno == ENXIO ? "this FIFO has no reader; start the reader first" : strerror(errno)));
  }
  return fd;
}

bool IsWritableNow(int fd) {
  pollfd entry{.fd = fd, .events = POLLOUT, .revents = 0};
  return poll(&entry, 1, 0) == 1;
}

}  // namespace

absl::StatusOr<std::unique_ptr<AccessLogSink>> AccessLogSink::Open(std::string destination) {
  if (destination == "stdout") return ForDescriptor(STDOUT_FILENO);
  std::unique_ptr<AccessLogSink> sink(new AccessLogSink());
  if (destination == "off") return sink;
  const absl::StatusOr<int> fd = OpenLogFile(destination);
  if (!fd.ok()) return fd.status();
  sink->enabled_ = true;
  sink->path_ = std::move(destination);
  sink->method_ = Method::kWrite;
  sink->fd_ = *fd;
  sink->owns_fd_ = true;
  return sink;
}

std::unique_ptr<AccessLogSink> AccessLogSink::ForDescriptor(int fd) {
  std::unique_ptr<AccessLogSink> sink(new AccessLogSink());
  sink->enabled_ = true;
  sink->AttachToDescriptor(fd);
  return sink;
}

AccessLogSink::~AccessLogSink() {
  if (owns_fd_) close(fd_);
}

void AccessLogSink::AttachToDescriptor(int fd) {
  fd_ = fd;
  struct stat info{};
  if (fstat(fd, &info) != 0) {
    method_ =
        Method::kWrite;  // the descriptor is closed: every write fails and every line is dropped
  } else if (S_ISSOCK(info.st_mode)) {
    method_ = Method::kSend;
  } else if (S_ISREG(info.st_mode)) {
    // A regular file never makes a writer wait, and it must not be opened again: with "> file
    // 2>&1", standard error shares the file position with this descriptor, and with two positions
    // the two would overwrite each other.
    method_ = Method::kWrite;
  } else {
    const std::string again = absl::StrCat("/proc/self/fd/", fd);
    const int own = open(again.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (own >= 0) {
      method_ = Method::kWrite;
      fd_ = own;
      owns_fd_ = true;
    } else {
      method_ = Method::kPolledWrite;  // another user's pipe, or no /proc
    }
  }
}

void AccessLogSink::Write(std::string_view lines) {
  if (!enabled_ || lines.empty()) return;
  const std::lock_guard lock(mutex_);
  FlushBacklog();
  const size_t taken = backlog_.empty() ? WriteSome(lines) : 0;
  if (taken < lines.size()) Keep(lines.substr(taken));
}

void AccessLogSink::Retry() {
  if (!has_backlog_.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(mutex_);
  FlushBacklog();
}

void AccessLogSink::Drain(int timeout_ms) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::milliseconds(timeout_ms);
  const std::lock_guard lock(mutex_);
  FlushBacklog();
  while (!backlog_.empty() && Clock::now() < end) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    pollfd entry{.fd = fd_, .events = POLLOUT, .revents = 0};
    const int wait_ms = static_cast<int>(left.count()) + 1;
    if (poll(&entry, 1, wait_ms) < 0 && errno != EINTR) break;
    if ((entry.revents & (POLLERR | POLLNVAL)) != 0) break;  // the reader has closed
    FlushBacklog();
  }
  DropBacklog();
}

absl::Status AccessLogSink::Reopen() {
  if (path_.empty()) return absl::OkStatus();
  const absl::StatusOr<int> fd = OpenLogFile(path_);
  if (!fd.ok()) return fd.status();
  const std::lock_guard lock(mutex_);
  FlushBacklog();
  DropBacklog();  // the backlog may begin within a line whose beginning is in the old file
  close(fd_);
  fd_ = *fd;
  return absl::OkStatus();
}

void AccessLogSink::FlushBacklog() {
  if (backlog_.empty()) return;
  backlog_.erase(0, WriteSome(backlog_));
  if (backlog_.empty()) has_backlog_.store(false, std::memory_order_relaxed);
}

void AccessLogSink::DropBacklog() {
  dropped_.fetch_add(CountLines(backlog_), std::memory_order_relaxed);
  backlog_.clear();
  has_backlog_.store(false, std::memory_order_relaxed);
}

size_t AccessLogSink::WriteSome(std::string_view bytes) {
  size_t taken = 0;
  while (taken < bytes.size()) {
    const std::string_view rest = bytes.substr(taken);
    ssize_t n = -1;
    switch (method_) {
      case Method::kOff:
        return bytes.size();
      case Method::kWrite:
        n = write(fd_, rest.data(), rest.size());
        break;
      case Method::kSend:
        n = send(fd_, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        break;
      case Method::kPolledWrite:
        if (!IsWritableNow(fd_)) return taken;
        n = write(fd_, rest.data(), std::min<size_t>(rest.size(), PIPE_BUF));
        break;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    taken += static_cast<size_t>(n);
  }
  return taken;
}

// Keeps `rest`, which may begin within the line that was written last.
void AccessLogSink::Keep(std::string_view rest) {
  size_t kept = rest.size();
  if (backlog_.size() + kept > kBacklogLimit) {
    // Keeps as many whole lines as there is room for.
    const size_t room = kBacklogLimit - std::min(kBacklogLimit, backlog_.size());
    const size_t last_end = room == 0 ? std::string_view::npos : rest.rfind('\n', room - 1);
    kept = last_end == std::string_view::npos ? 0 : last_end + 1;
    // A line that has been begun must be completed, even if it is too long.
    if (kept == 0 && backlog_.empty()) kept = rest.find('\n') + 1;
    dropped_.fetch_add(CountLines(rest.substr(kept)), std::memory_order_relaxed);
  }
  backlog_.append(rest.substr(0, kept));
  if (!backlog_.empty()) has_backlog_.store(true, std::memory_order_relaxed);
}

}  // namespace mantlet::observe
