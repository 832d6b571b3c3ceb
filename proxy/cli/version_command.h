// The command `mantlet version`.

#ifndef MANTLET_PROXY_CLI_VERSION_COMMAND_H_
#define MANTLET_PROXY_CLI_VERSION_COMMAND_H_

#include <string>

#include "proxy/cli/console.h"

namespace mantlet::cli {

// Returns the version, the commit, and one line for each library, without a newline at the end.
std::string VersionText();

int VersionCommand(const Console& console);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_VERSION_COMMAND_H_
