// The command `mantlet certs dev`.

#ifndef MANTLET_PROXY_CLI_CERTS_DEV_COMMAND_H_
#define MANTLET_PROXY_CLI_CERTS_DEV_COMMAND_H_

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/cli/console.h"

namespace mantlet::cli {

// The largest value of --days: ten years.
inline constexpr int kMostDays = 3650;

struct CertsDevOptions {
  std::string directory;
  std::vector<std::string> sans;
  int days = 30;
  uint16_t port = 8443;
  uint16_t upstream_port = 8080;
  uint16_t metrics_port = 9900;
};

// Writes a test PKI and a configuration that uses it, and prints how to try it.
int CertsDevCommand(const CertsDevOptions& options, const Console& console);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_CERTS_DEV_COMMAND_H_
