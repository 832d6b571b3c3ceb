// AccessLogSink writes access log lines to standard output or a file. The process has one; every
// method may be called from any thread.
//
// The rules, in order of importance:
// 1. A line is never torn and never mixed with another. Each write passes whole lines, and what the
//    kernel has not accepted is written before anything else.
// 2. A reader that does not read never blocks the proxy. No method waits. What standard output does
//    not accept is kept, up to kBacklogLimit; beyond that, whole lines are dropped and counted
//    (mantlet_access_log_dropped_total).
// 3. Normally, each Write() costs one write(2).
//
// Standard output is shared with the parent process, so its flags are not changed. A pipe is opened
// a second time through /proc, which creates a separate non-blocking file description; a socket is
// written with MSG_DONTWAIT; if neither works, poll(2) is called before each write of at most
// PIPE_BUF bytes.
//
// The process must ignore SIGPIPE.

#ifndef MANTLET_PROXY_OBSERVE_ACCESS_LOG_SINK_H_
#define MANTLET_PROXY_OBSERVE_ACCESS_LOG_SINK_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mantlet::observe {

class AccessLogSink {
 public:
  static constexpr size_t kBacklogLimit = 1 << 20;

  // Opens `destination`, the value of the configuration: "stdout", "off" or an absolute path. A new
  // file is created with mode 0640; an existing one is appended to.
  static absl::StatusOr<std::unique_ptr<AccessLogSink>> Open(std::string destination);
  // Returns a sink that writes to a descriptor in the same way as to standard output. It does not
  // own the descriptor.
  static std::unique_ptr<AccessLogSink> ForDescriptor(int fd);

  ~AccessLogSink();
  AccessLogSink(const AccessLogSink&) = delete;
  AccessLogSink& operator=(const AccessLogSink&) = delete;

  bool enabled() const { return enabled_; }

  // Writes whole lines, each with its newline.
  void Write(std::string_view lines);
  // Tries to write the kept lines. Called periodically; cheap if nothing is kept.
  void Retry();
  // Tries to write the kept lines for at most `timeout_ms`, then counts the rest as dropped. Called
  // before the process ends.
  void Drain(int timeout_ms);

  // Opens the file again under its name, for log rotation after SIGHUP. If that fails, the old file
  // stays in use. Does nothing for standard output.
  absl::Status Reopen();

  // Returns the number of lines dropped since the start.
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  enum class Method { kOff, kWrite, kSend, kPolledWrite };

  AccessLogSink() = default;

  void AttachToDescriptor(int fd);
  // Returns how many bytes were written; fewer than all means "try later". A permanent error (no
  // space, a closed pipe) returns 0, too.
  size_t WriteSome(std::string_view bytes);
  void FlushBacklog();
  void DropBacklog();
  void Keep(std::string_view rest);

  bool enabled_ = false;
  std::string path_;  // empty unless the destination is a file

  std::mutex mutex_;  // guards what follows
  Method method_ = Method::kOff;
  int fd_ = -1;
  bool owns_fd_ = false;
  std::string backlog_;

  std::atomic<bool> has_backlog_{false};
  std::atomic<uint64_t> dropped_{0};
};

}  // namespace mantlet::observe

#endif  // MANTLET_PROXY_OBSERVE_ACCESS_LOG_SINK_H_
