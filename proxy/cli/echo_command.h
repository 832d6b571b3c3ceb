// The command `mantlet echo`.

#ifndef MANTLET_PROXY_CLI_ECHO_COMMAND_H_
#define MANTLET_PROXY_CLI_ECHO_COMMAND_H_

#include <string>

#include "proxy/cli/console.h"

namespace mantlet::cli {

struct EchoCommandOptions {
  std::string address = "127.0.0.1:8080";
};

// Runs a test application that answers each request with the request itself, until a signal ends
// the process.
int EchoCommand(const EchoCommandOptions& options, const Console& console);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_ECHO_COMMAND_H_
