// RunCommandLine is the command line: commands and their options.

#ifndef MANTLET_PROXY_CLI_COMMAND_LINE_H_
#define MANTLET_PROXY_CLI_COMMAND_LINE_H_

#include "proxy/cli/console.h"

namespace mantlet::cli {

// Parses the arguments and runs the command. Returns the exit status: 0 success, 1 failure,
// 2 wrong usage. Throws nothing.
int RunCommandLine(int argc, const char* const* argv, const Console& console);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_COMMAND_LINE_H_
