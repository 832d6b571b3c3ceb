// The command `mantlet run`.

#ifndef MANTLET_PROXY_CLI_RUN_COMMAND_H_
#define MANTLET_PROXY_CLI_RUN_COMMAND_H_

#include <string>

#include "proxy/cli/console.h"

namespace mantlet::cli {

struct RunCommandOptions {
  std::string config;
};

// Serves until a signal ends the process.
int RunCommand(const RunCommandOptions& options, const Console& console);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_RUN_COMMAND_H_
