// `mantlet check`

#ifndef MANTLET_PROXY_CLI_CHECK_COMMAND_H_
#define MANTLET_PROXY_CLI_CHECK_COMMAND_H_

#include <string>

#include "proxy/cli/console.h"

namespace mantlet::cli {

struct CheckCommandOptions {
  std::string config;
  bool json = false;
  std::string user;  // whose permissions count; empty: those of the caller
};

// Reads the configuration and every file that it names; binds nothing and connects to nothing.
// Prints what is wrong and what would be used to `out`, as text or JSON, and the first error to
// `err`.
int CheckCommand(const CheckCommandOptions& options, const Console& console);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_CHECK_COMMAND_H_
