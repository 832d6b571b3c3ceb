#ifndef MANTLET_PROXY_HTTP1_VERSION_H_
#define MANTLET_PROXY_HTTP1_VERSION_H_

#include <string>

namespace mantlet::http1 {

// Returns the version of llhttp that this was built with, such as "9.2.1".
std::string LlhttpVersion();

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_VERSION_H_
