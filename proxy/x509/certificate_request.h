// DescribeCertificateRequest describes a server's CertificateRequest (RFC 8446, 4.3.2) for
// operators. A client without a matching certificate sends none and reports no error; the request
// explains why. Pure.

#ifndef MANTLET_PROXY_X509_CERTIFICATE_REQUEST_H_
#define MANTLET_PROXY_X509_CERTIFICATE_REQUEST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace mantlet::x509 {

// `algorithms` are SignatureScheme values (RFC 8446, 4.2.3), `ca_names_der` the names of the trust
// anchors. `names_sent` is whether the request lists them.
std::string DescribeCertificateRequest(absl::Span<const uint16_t> algorithms,
                                       const std::vector<std::string>& ca_names_der,
                                       bool names_sent);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_CERTIFICATE_REQUEST_H_
