// The command `mantlet connect`.

#ifndef MANTLET_PROXY_CLI_CONNECT_COMMAND_H_
#define MANTLET_PROXY_CLI_CONNECT_COMMAND_H_

#include <string>

#include "proxy/cli/console.h"

namespace mantlet::cli {

struct ConnectCommandOptions {
  std::string target;                // HOST:PORT
  std::string certificate, key, ca;  // files
  std::string server_name;           // empty: the host
  std::string alpn = "http/1.1";     // comma-separated; "none": no ALPN
  std::string path = "/";            // of the request
  bool no_request = false;
  int timeout_seconds = 5;  // of each step
  bool json = false;
};

// Plays a client of the server and explains step by step what happens, and whose fault it is if the
// client cannot talk to it. Returns kFine if it can.
int ConnectCommand(const ConnectCommandOptions& options, const Console& console);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_CONNECT_COMMAND_H_
