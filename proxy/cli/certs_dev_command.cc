#include "proxy/cli/certs_dev_command.h"

#include "certs/dev_pki.h"
#include "proxy/base/clock.h"

namespace mantlet::cli {

int CertsDevCommand(const CertsDevOptions& options, const Console& console) {
  certs::DevPkiOptions pki;
  pki.directory = options.directory;
  pki.sans = options.sans;
  pki.days = options.days;
  pki.port = options.port;
  pki.upstream_port = options.upstream_port;
  pki.metrics_port = options.metrics_port;
  pki.now = base::SystemClock().WallSeconds();
  const auto report = certs::WriteDevPki(pki);
  if (!report.ok()) {
    console.PrintError(std::string(report.status().message()));
    return kRefused;
  }
  console.out << report->text;
  return kFine;
}

}  // namespace mantlet::cli
