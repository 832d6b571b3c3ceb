// RunCommandLine parses the command line and runs the selected command.

#ifndef MANTLET_PROXY_CLI_COMMAND_LINE_H_
#define MANTLET_PROXY_CLI_COMMAND_LINE_H_

#include "proxy/cli/console.h"

namespace mantlet::cli {

// Returns the exit status: 0 for success, 1 for a failure, 2 for wrong usage. Throws nothing.
int RunCommandLine(int argc, const char* const* argv, const Console& console);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_COMMAND_LINE_H_
