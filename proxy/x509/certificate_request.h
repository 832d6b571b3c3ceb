// DescribeCertificateRequest: what a server's CertificateRequest asks for (RFC 8446, 4.3.2), in
// words for operators. A client that has nothing which fits sends no certificate at all and says
// nothing about it, so this is where to look. Pure.

#ifndef MANTLET_PROXY_X509_CERTIFICATE_REQUEST_H_
#define MANTLET_PROXY_X509_CERTIFICATE_REQUEST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace mantlet::x509 {

// `algorithms`: SignatureScheme values (RFC 8446, 4.2.3). `ca_names_der`: of the trust anchors;
// `names_sent`: whether the request lists them.
std::string DescribeCertificateRequest(absl::Span<const uint16_t> algorithms,
                                       const std::vector<std::string>& ca_names_der,
                                       bool names_sent);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_CERTIFICATE_REQUEST_H_
