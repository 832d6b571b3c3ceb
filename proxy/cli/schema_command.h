// The command `mantlet schema`.

#ifndef MANTLET_PROXY_CLI_SCHEMA_COMMAND_H_
#define MANTLET_PROXY_CLI_SCHEMA_COMMAND_H_

#include "proxy/cli/console.h"

namespace mantlet::cli {

// Prints the JSON schema of the configuration file.
int SchemaCommand(const Console& console);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_SCHEMA_COMMAND_H_
