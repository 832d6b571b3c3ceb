#ifndef MANTLET_PROXY_TLS_VERSION_H_
#define MANTLET_PROXY_TLS_VERSION_H_

#include <string>

namespace mantlet::tls {

// BoringSSL makes no releases; this is the number of its programming interface, e.g. "API 19".
std::string BoringSslVersion();

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_VERSION_H_
