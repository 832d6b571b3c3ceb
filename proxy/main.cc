#include <iostream>

#include "proxy/cli/command_line.h"

int main(int argc, char** argv) {
  const int status = mantlet::cli::RunCommandLine(argc, argv, {std::cout, std::cerr});
  // Output that did not arrive (a full disk) must not look like success.
  if (!std::cout.flush() && status == 0) {
    std::cerr << "mantlet: cannot write to standard output\n";
    return 1;
  }
  return status;
}
