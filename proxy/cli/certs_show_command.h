// The command `mantlet certs show`.

#ifndef MANTLET_PROXY_CLI_CERTS_SHOW_COMMAND_H_
#define MANTLET_PROXY_CLI_CERTS_SHOW_COMMAND_H_

#include <string>
#include <vector>

#include "proxy/cli/console.h"

namespace mantlet::cli {

struct CertsShowOptions {
  std::vector<std::string> files;
  std::string passphrase_file;  // may be empty
  bool json = false;
};

// Prints the contents of every file, in order; fails if one cannot be read.
int CertsShowCommand(const CertsShowOptions& options, const Console& console);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_CERTS_SHOW_COMMAND_H_
