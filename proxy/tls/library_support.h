#ifndef MANTLET_PROXY_TLS_LIBRARY_SUPPORT_H_
#define MANTLET_PROXY_TLS_LIBRARY_SUPPORT_H_

#include <string>
#include <vector>

#include "config/config.h"

namespace mantlet::tls {

// Returns the cipher suites and groups of `tls` that the linked library does not support.
std::vector<std::string> NamesTheLibraryLacks(const config::Tls& tls);

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_LIBRARY_SUPPORT_H_
