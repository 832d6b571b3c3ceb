// The parts of PEM's encapsulation boundaries (RFC 7468, section 2) that all labels share.

#ifndef MANTLET_PROXY_X509_PEM_BOUNDARY_H_
#define MANTLET_PROXY_X509_PEM_BOUNDARY_H_

#include <string_view>

namespace mantlet::x509 {

inline constexpr std::string_view kPemBegin = "-----BEGIN ";
inline constexpr std::string_view kPemEnd = "-----END ";
inline constexpr std::string_view kPemDashes = "-----";

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_PEM_BOUNDARY_H_
