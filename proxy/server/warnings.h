// Warnings about what runs and is likely not what the operator wants: logged at the start, and
// after a reload that changes what they depend on.

#ifndef MANTLET_PROXY_SERVER_WARNINGS_H_
#define MANTLET_PROXY_SERVER_WARNINGS_H_

#include <set>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/environment.h"
#include "proxy/base/log.h"

namespace mantlet::server {

// Keys that differ between the two and take effect at the next start only.
void WarnRestartRequired(const config::Config& started_with, const config::Config& next,
                         base::Logger& logger);

// Sockets of the service manager that no listener uses: clients connect and are never accepted.
void WarnUnusedSockets(const std::set<std::string>& names, base::Logger& logger);

// `limits.connections` of all listeners beyond what the limit of descriptors allows: connections
// that it does not allow wait in the kernel.
void WarnFewDescriptors(const config::Config& config, base::Logger& logger);

// Files of LoadCredential= among `files`: systemd copies them once, so that a renewed certificate
// needs a restart.
void WarnFixedCredentials(const std::vector<std::string>& files,
                          const config::Environment& environment, base::Logger& logger);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_WARNINGS_H_
