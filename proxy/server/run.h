// The daemon, from its configuration to its end.

#ifndef MANTLET_PROXY_SERVER_RUN_H_
#define MANTLET_PROXY_SERVER_RUN_H_

#include <string>

namespace mantlet::server {

struct RunOptions {
  std::string config_path;
};

// Runs in the foreground until told to stop. Returns the exit status: 0 after a drain; 78
// (EX_CONFIG) if the configuration, or a file that it names, was refused, as `mantlet check` would;
// 1 if the start failed for another reason, such as an address in use. Then one sentence on
// standard error has said why.
int RunServer(const RunOptions& options);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_RUN_H_
