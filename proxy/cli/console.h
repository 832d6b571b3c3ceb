// Where a command writes, and how it says why it failed.

#ifndef MANTLET_PROXY_CLI_CONSOLE_H_
#define MANTLET_PROXY_CLI_CONSOLE_H_

#include <ostream>
#include <string>

namespace mantlet::cli {

// What a command ends with.
enum ExitStatus { kFine = 0, kRefused = 1, kWrongUsage = 2 };

// The streams outlive every command.
struct Console {
  std::ostream& out;  // what was asked for
  std::ostream& err;  // why it could not be had

  // "mantlet: SENTENCE" on err.
  void Complain(const std::string& sentence) const { err << "mantlet: " << sentence << "\n"; }
};

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_CONSOLE_H_
