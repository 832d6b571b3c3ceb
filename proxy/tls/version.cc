#include "proxy/tls/version.h"

#include <openssl/base.h>

namespace mantlet::tls {

std::string BoringSslVersion() { return "API " + std::to_string(BORINGSSL_API_VERSION); }

}  // namespace mantlet::tls
