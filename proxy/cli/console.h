// Console holds the streams for a command's output and errors.

#ifndef MANTLET_PROXY_CLI_CONSOLE_H_
#define MANTLET_PROXY_CLI_CONSOLE_H_

#include <ostream>
#include <string>

namespace mantlet::cli {

// The exit status of a command.
enum ExitStatus { kFine = 0, kRefused = 1, kWrongUsage = 2 };

// The streams must outlive every command.
struct Console {
  std::ostream& out;  // the output
  std::ostream& err;  // error messages

  // Prints "mantlet: SENTENCE" to err.
  void PrintError(const std::string& sentence) const { err << "mantlet: " << sentence << "\n"; }
};

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_CONSOLE_H_
