#include "proxy/server/warnings.h"

#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "config/difference.h"
#include "proxy/base/process_setup.h"
#include "proxy/io/listener.h"

namespace mantlet::server {

void WarnRestartRequired(const config::Config& started_with, const config::Config& next,
                         base::Logger& logger) {
  for (const std::string& key : config::KeysThatNeedRestart(started_with, next)) {
    logger.Warn("restart_needed", "A changed key takes effect only after a restart.",
                {{"key", key}});
  }
}

void WarnUnusedSockets(const std::set<std::string>& names, base::Logger& logger) {
  for (const std::string& name : names) {
    logger.Warn("socket_unused",
                "The service manager passed a socket that no listener uses, so its clients are "
                "never accepted. Add a listener with this address, or remove the socket.",
                {{"address", absl::StrCat("systemd:", name)}});
  }
}

void WarnFewDescriptors(const config::Config& config, base::Logger& logger) {
  uint64_t connections = 0;
  for (const config::Listener& listener : config.listeners) {
    connections += listener.limits.connections;
  }
  const uint64_t open_files = base::OpenFileLimit();
  const auto for_clients = static_cast<uint64_t>(io::ClientDescriptors(open_files));
  if (connections <= for_clients) return;
  logger.Warn(
      "descriptors_short",
      "The file descriptors are not sufficient for limits.connections of all listeners. Raise the "
      "limit of open files (LimitNOFILE=) to one descriptor for each client and one for each "
      "request in flight, or lower limits.connections.",
      {{"connections", connections}, {"for_clients", for_clients}, {"open_files", open_files}});
}

void WarnLittleMemory(const base::MemoryBudget& memory, base::Logger& logger) {
  if (!memory.enabled() || memory.base() < memory.limit() / 2) return;
  logger.Warn(
      "memory_short",
      "Half of limits.memory is in use before the first connection, so that few connections "
      "have room. Raise limits.memory, or the limit of the container.",
      {{"used", static_cast<uint64_t>(memory.base())},
       {"limit", static_cast<uint64_t>(memory.limit())}});
}

void WarnFixedCredentials(const std::vector<std::string>& files,
                          const config::Environment& environment, base::Logger& logger) {
  const std::optional<std::string> directory = environment.Get("CREDENTIALS_DIRECTORY");
  if (!directory.has_value() || directory->empty()) return;
  for (const std::string& file : files) {
    if (!file.starts_with(*directory + "/")) continue;
    logger.Warn(
        "credential_does_not_rotate",
        "systemd does not renew this file while the service runs, so a new certificate needs a "
        "restart. Use the original path to have new certificates loaded automatically.",
        {{"path", file}});
  }
}

}  // namespace mantlet::server
