#include "proxy/cli/run_command.h"

#include "proxy/server/run.h"

namespace mantlet::cli {

int RunCommand(const RunCommandOptions& options, const Console&) {
  return server::RunServer({options.config});
}

}  // namespace mantlet::cli
