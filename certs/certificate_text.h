// Renders certificates as text for a terminal. Nothing that a certificate says can steer the
// terminal: control bytes and invalid UTF-8 appear as \xNN.

#ifndef MANTLET_CERTS_CERTIFICATE_TEXT_H_
#define MANTLET_CERTS_CERTIFICATE_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/x509/certificate.h"

namespace mantlet::certs {

// Foreign text made safe for a terminal.
std::string Printable(std::string_view text);

// Issuers above what they issued, one line each, every line indented by
// `indent` spaces and ended by \n:
//   CN=root                  CA, self-signed, expires in 9 years
//   └─ CN=intermediate       CA, expires in 300 days
//      └─ CN=server          expires in 12 days
// An issuer that is not among `certificates` shows as "? CN=…  not in this file".
std::string DrawChain(const std::vector<x509::CertificatePtr>& certificates, int indent,
                      int64_t now);

// "expires in 12 days", "expired 3 days ago", "valid in 2 hours".
std::string ValidityText(const x509::Certificate& certificate, int64_t now);

// All of it, several lines.
std::string DescribeCertificate(const x509::Certificate& certificate, int indent, int64_t now);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_CERTIFICATE_TEXT_H_
