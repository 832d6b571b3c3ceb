// RunServer runs the daemon: it loads the configuration, serves, and returns after the drain.

#ifndef MANTLET_PROXY_SERVER_RUN_H_
#define MANTLET_PROXY_SERVER_RUN_H_

#include <string>

namespace mantlet::server {

struct RunOptions {
  std::string config_path;
};

// Runs in the foreground until a signal ends it. Returns the exit status: 0 after a drain; 78
// (EX_CONFIG) if the configuration or a file that it names is invalid, as `mantlet check` reports;
// 1 if the start failed for another reason, such as an address in use. After a failure, one
// sentence on standard error gives the reason.
int RunServer(const RunOptions& options);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_RUN_H_
