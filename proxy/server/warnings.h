// Functions that log warnings about settings that are probably not intended. They are called at the
// start, and after a reload that changes these settings.

#ifndef MANTLET_PROXY_SERVER_WARNINGS_H_
#define MANTLET_PROXY_SERVER_WARNINGS_H_

#include <set>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/environment.h"
#include "proxy/base/log.h"
#include "proxy/base/memory_budget.h"

namespace mantlet::server {

// Warns of keys that differ between the two configurations and take effect only at the next start.
void WarnRestartRequired(const config::Config& started_with, const config::Config& next,
                         base::Logger& logger);

// Warns of sockets of the service manager that no listener uses: their clients connect and are
// never accepted.
void WarnUnusedSockets(const std::set<std::string>& names, base::Logger& logger);

// Warns if the sum of `limits.connections` exceeds what the limit of file descriptors allows:
// further connections wait in the kernel.
void WarnFewDescriptors(const config::Config& config, base::Logger& logger);

// Warns if half of limits.memory or more is in use before there is any connection.
void WarnLittleMemory(const base::MemoryBudget& memory, base::Logger& logger);

// Warns of files of LoadCredential= among `files`: systemd copies them once, so a renewed
// certificate requires a restart.
void WarnFixedCredentials(const std::vector<std::string>& files,
                          const config::Environment& environment, base::Logger& logger);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_WARNINGS_H_
