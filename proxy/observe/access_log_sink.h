// AccessLogSink writes access log lines to standard output or a file. There is one for the process;
// every method may be called from any thread.
//
// The rules, in order of importance:
// 1. A line is never torn and never mixed with another: each write hands over
//    whole lines, and what the kernel did not take is written before anything else.
// 2. A reader that does not read never blocks the proxy. No method waits. What standard output does
//    not take is kept, up to kBacklogLimit; beyond that whole lines are dropped and counted
//    (mantlet_access_log_dropped_total).
// 3. Normally one write(2) for each Write().
//
// Standard output is shared with whoever started us, so its flags are left alone:
// a pipe is opened a second time through /proc, which gives a non-blocking file
// description of our own; a socket is sent to with MSG_DONTWAIT; if neither works,
// poll(2) is asked before each write of at most PIPE_BUF bytes.
//
// The process must ignore SIGPIPE, as any server does.

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

  // `destination` as the configuration has it: "stdout", "off" or an absolute path,
  // which is created with mode 0640 or appended to.
  static absl::StatusOr<std::unique_ptr<AccessLogSink>> Open(std::string destination);
  // Writes to a descriptor as it would to standard output; does not own it.
  static std::unique_ptr<AccessLogSink> ForDescriptor(int fd);

  ~AccessLogSink();
  AccessLogSink(const AccessLogSink&) = delete;
  AccessLogSink& operator=(const AccessLogSink&) = delete;

  bool enabled() const { return enabled_; }

  // Whole lines, each with its newline.
  void Write(std::string_view lines);
  // Tries again what is kept. For a slow tick; cheap when nothing is kept.
  void Retry();
  // Before the end: tries for at most this long, then counts the rest as dropped.
  void Drain(int timeout_ms);

  // After SIGHUP: a file is opened again under its name, for log rotation. If that
  // fails the old one stays in use. Does nothing to standard output.
  absl::Status Reopen();

  // Lines that were thrown away since the start.
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  enum class Method { kOff, kWrite, kSend, kPolledWrite };

  AccessLogSink() = default;

  void AttachToDescriptor(int fd);
  // Returns how much was taken; less than everything means "not now". An error
  // that waiting does not cure (no space, a closed pipe) takes nothing too.
  size_t WriteSome(std::string_view bytes);
  void FlushBacklog();
  void DropBacklog();
  void Keep(std::string_view rest);

  bool enabled_ = false;
  std::string path_;  // empty unless a file

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
