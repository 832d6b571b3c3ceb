// The command `mantlet quickstart`.

#ifndef MANTLET_PROXY_CLI_QUICKSTART_COMMAND_H_
#define MANTLET_PROXY_CLI_QUICKSTART_COMMAND_H_

#include "proxy/cli/console.h"

namespace mantlet::cli {

struct QuickstartOptions {
  bool once = false;  // end after the demonstration
};

// Demonstrates mantlet with a test PKI in a temporary folder: starts a test application and a proxy
// in front of it, as processes of this binary, sends requests with and without a certificate, and
// renews the certificate. Then both run until SIGINT or SIGTERM. Returns kRefused if a step failed.
int QuickstartCommand(const QuickstartOptions& options, const Console& console);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_QUICKSTART_COMMAND_H_
