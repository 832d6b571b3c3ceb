#include "proxy/server/run.h"

#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "config/diagnostic.h"
#include "config/loader/loader.h"
#include "proxy/base/log.h"
#include "proxy/base/process_setup.h"
#include "proxy/observe/access_log_sink.h"
#include "proxy/sandbox/process_flags.h"
#include "proxy/server/log_settings.h"
#include "proxy/server/server.h"
#include "proxy/server/systemd_notify.h"

namespace mantlet::server {
namespace {

// EX_CONFIG of sysexits.h: every start fails like this until the files change.
constexpr int kExitConfiguration = 78;
constexpr int kExitFailed = 1;

int Reject(const absl::Status& status, base::LogPrefix prefix) {
  if (prefix == base::LogPrefix::kPriority) {
    std::cerr << base::PriorityPrefix(base::LogLevel::kError);
  }
  std::cerr << "mantlet: " << std::string(status.message()) << "\n";
  return absl::IsInvalidArgument(status) ? kExitConfiguration : kExitFailed;
}

}  // namespace

int RunServer(const RunOptions& options) {
  base::PrepareDaemon();
  // Before a private key is read.
  sandbox::DisableDumps();

  const config::Environment environment = config::Environment::OfThisProcess();
  const base::LogPrefix prefix = IsJournalStream(environment, STDERR_FILENO)
                                     ? base::LogPrefix::kPriority
                                     : base::LogPrefix::kNone;
  config::LoadResult loaded = config::LoadFile(options.config_path, environment);
  if (!loaded.config.has_value()) return Reject(loaded.status(), prefix);
  auto inherited = ParseInheritedSockets(environment, getpid());
  if (!inherited.ok()) return Reject(absl::UnavailableError(inherited.status().message()), prefix);

  // The sink never blocks, so a reader of standard error that stops reading cannot stop the proxy.
  const std::unique_ptr<observe::AccessLogSink> standard_error =
      observe::AccessLogSink::ForDescriptor(STDERR_FILENO);
  base::Logger logger(
      LogFormatOf(loaded.config->log), LogLevelOf(loaded.config->log),
      [&](std::string_view line) { standard_error->Write(line); }, prefix);
  for (const config::Diagnostic& diagnostic : loaded.diagnostics) {
    logger.Warn("config_warning", config::ToString(diagnostic));
  }
  Server server(*std::move(loaded.config), environment, logger, *standard_error,
                *std::move(inherited));
  if (absl::Status status = server.Start(); !status.ok()) {
    return Reject(status, prefix);
  }
  const bool ended = server.Run();
  standard_error->Drain(1000);
  if (!ended) _exit(0);
  return 0;
}

}  // namespace mantlet::server
