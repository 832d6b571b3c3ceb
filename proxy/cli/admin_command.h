// `mantlet reload` and `mantlet drain`

#ifndef MANTLET_PROXY_CLI_ADMIN_COMMAND_H_
#define MANTLET_PROXY_CLI_ADMIN_COMMAND_H_

#include <string>

#include "proxy/cli/console.h"

namespace mantlet::cli {

struct AdminCommandOptions {
  std::string config;
};

// Asks the process that runs with this configuration, over its admin endpoint. Returns when a
// reload is over, and when a drain has begun.
int ReloadCommand(const AdminCommandOptions& options, const Console& console);
int DrainCommand(const AdminCommandOptions& options, const Console& console);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_ADMIN_COMMAND_H_
