#include "proxy/observe/version.h"

#include "system_versions.h"

namespace mantlet::observe {

// The library's headers do not know their version; its package does.
std::string PrometheusCppVersion() { return SYSTEM_VERSION_PROMETHEUS_CORE; }

}  // namespace mantlet::observe
