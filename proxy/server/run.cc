#include "proxy/server/run.h"

#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "config/diagnostic.h"
#include "config/loader.h"
#include "proxy/base/process_setup.h"
#include "proxy/base/systemd_notify.h"
#include "proxy/observe/access_log_sink.h"
#include "proxy/server/log_settings.h"
#include "proxy/server/server.h"

namespace mantlet::server {
namespace {

int Refuse(const std::string& sentence) {
  std::cerr << "mantlet: " << sentence << "\n";
  return 1;
}

}  // namespace

int RunServer(const RunOptions& options) {
  base::PrepareDaemon();

  const config::Environment environment = config::Environment::OfThisProcess();
  config::LoadResult loaded = config::LoadFile(options.config_path, environment);
  if (!loaded.config.has_value()) return Refuse(std::string(loaded.status().message()));
  auto inherited = base::ParseInheritedSockets(base::ProcessEnvironment(), getpid());
  if (!inherited.ok()) return Refuse(std::string(inherited.status().message()));

  // Through a sink that never waits: a reader of standard error who stops reading
  // must not stop the proxy.
  const std::unique_ptr<observe::AccessLogSink> standard_error =
      observe::AccessLogSink::ForDescriptor(STDERR_FILENO);
  base::Logger logger(LogFormatOf(loaded.config->log), LogLevelOf(loaded.config->log),
                      [&](std::string_view line) { standard_error->Write(line); });
  for (const config::Diagnostic& diagnostic : loaded.diagnostics) {
    logger.Warn("config_warning", config::ToString(diagnostic));
  }
  Server server(*std::move(loaded.config), environment, logger, *standard_error,
                *std::move(inherited));
  if (absl::Status status = server.Start(); !status.ok()) {
    return Refuse(std::string(status.message()));
  }
  server.Run();
  standard_error->Drain(1000);
  return 0;
}

}  // namespace mantlet::server
