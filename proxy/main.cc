#include <iostream>
#include <new>

#include "proxy/base/exhaustion.h"
#include "proxy/base/process_setup.h"
#include "proxy/cli/command_line.h"

int main(int argc, char** argv) {
  // First of all: whatever is opened next must not become standard output.
  if (!mantlet::base::OpenStandardStreams()) return 1;
  std::set_new_handler(mantlet::base::EndOutOfMemory);
  const int status = mantlet::cli::RunCommandLine(argc, argv, {std::cout, std::cerr});
  // Output that did not arrive (a full disk) must not look like success.
  if (!std::cout.flush() && status == 0) {
    std::cerr << "mantlet: cannot write to standard output\n";
    return 1;
  }
  return status;
}
