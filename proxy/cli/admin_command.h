// The commands `mantlet reload` and `mantlet drain`.

#ifndef MANTLET_PROXY_CLI_ADMIN_COMMAND_H_
#define MANTLET_PROXY_CLI_ADMIN_COMMAND_H_

#include <string>

#include "proxy/cli/console.h"

namespace mantlet::cli {

struct AdminCommandOptions {
  std::string config;
  int after_seconds = 0;  // the time until the request is sent
};

// Send the request to the admin endpoint of the process that runs with this configuration.
// ReloadCommand returns after the reload, DrainCommand after the drain has begun.
int ReloadCommand(const AdminCommandOptions& options, const Console& console);
int DrainCommand(const AdminCommandOptions& options, const Console& console);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_ADMIN_COMMAND_H_
