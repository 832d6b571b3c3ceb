// Lower-case hexadecimal and digests, as this package's accessors print them.

#ifndef MANTLET_PROXY_TLS_HEX_H_
#define MANTLET_PROXY_TLS_HEX_H_

#include <string>
#include <string_view>

namespace mantlet::tls {

std::string Hex(std::string_view bytes);        // lower case, no separators
std::string Sha256Hex(std::string_view bytes);  // of the digest
std::string Sha1Hex(std::string_view bytes);

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_HEX_H_
