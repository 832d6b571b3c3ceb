// The command `mantlet check`.

#ifndef MANTLET_PROXY_CLI_CHECK_COMMAND_H_
#define MANTLET_PROXY_CLI_CHECK_COMMAND_H_

#include <string>

#include "proxy/cli/console.h"

namespace mantlet::cli {

struct CheckCommandOptions {
  std::string config;
  std::string format = "text";  // or "json", "junit"
  std::string user;             // checks with this user's permissions; empty for the caller's
  // Whatever ends sooner fails the check: "30d", see ParseSpan(). Empty: nothing does.
  std::string expires_within;
};

// Reads the configuration and every file that it names, without binding or connecting anything.
// Prints the diagnostics and the files that would be used to `out`, as text, JSON or JUnit XML, and
// the first error to `err`.
int CheckCommand(const CheckCommandOptions& options, const Console& console);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_CHECK_COMMAND_H_
