// `mantlet check`

#ifndef MANTLET_PROXY_CLI_CHECK_COMMAND_H_
#define MANTLET_PROXY_CLI_CHECK_COMMAND_H_

#include <string>

#include "proxy/cli/console.h"

namespace mantlet::cli {

struct CheckCommandOptions {
  std::string config;
  bool json = false;
  std::string user;  // whose rights count; empty: those of whoever asks
};

// Reads the configuration and every file that it names, binds nothing and connects to nothing. What
// is wrong and what would be used goes to `out`, as text or JSON; a refusal ends with one sentence
// on `err`, which is the first error.
int CheckCommand(const CheckCommandOptions& options, const Console& console);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_CHECK_COMMAND_H_
