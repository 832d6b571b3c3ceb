// Converts bytes and digests to lower-case hexadecimal.

#ifndef MANTLET_PROXY_X509_HEX_H_
#define MANTLET_PROXY_X509_HEX_H_

#include <string>
#include <string_view>

namespace mantlet::x509 {

std::string Hex(std::string_view bytes);        // lower case, no separators
std::string Sha256Hex(std::string_view bytes);  // of the digest
std::string Sha1Hex(std::string_view bytes);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_HEX_H_
