// ChildProcess is a process of this program's binary with other arguments, whose output goes to a
// file. One thread.

#ifndef MANTLET_PROXY_CLI_CHILD_PROCESS_H_
#define MANTLET_PROXY_CLI_CHILD_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace mantlet::cli {

class ChildProcess {
 public:
  // Starts this binary with `arguments`; standard output and standard error go to `output`, which
  // is replaced.
  static absl::StatusOr<ChildProcess> Start(std::vector<std::string> arguments,
                                            const std::string& output);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();  // ends it with SIGTERM and waits for its end

  // Returns whether it has not ended by itself.
  bool runs();

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}

  pid_t pid_;  // 0: it has ended
};

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_CHILD_PROCESS_H_
