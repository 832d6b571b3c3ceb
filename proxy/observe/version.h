#ifndef MANTLET_PROXY_OBSERVE_VERSION_H_
#define MANTLET_PROXY_OBSERVE_VERSION_H_

#include <string>

namespace mantlet::observe {

// The prometheus-cpp that this was built with, e.g. "1.0.1".
std::string PrometheusCppVersion();

}  // namespace mantlet::observe

#endif  // MANTLET_PROXY_OBSERVE_VERSION_H_
