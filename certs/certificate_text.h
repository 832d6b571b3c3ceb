// Formats certificates as text for a terminal. The content of a certificate cannot control the
// terminal: control bytes and invalid UTF-8 appear as \xNN.

#ifndef MANTLET_CERTS_CERTIFICATE_TEXT_H_
#define MANTLET_CERTS_CERTIFICATE_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/x509/certificate.h"

namespace mantlet::certs {

// Returns an untrusted text in a form that is safe for a terminal.
std::string Printable(std::string_view text);

// Returns a tree of issuers above the certificates they issued, one line each, indented by `indent`
// spaces and ended by \n:
//   CN=root                  CA, self-signed, expires in 9 years
//   └─ CN=intermediate       CA, expires in 300 days
//      └─ CN=server          expires in 12 days
// An issuer that is not among `certificates` appears as "? CN=…  (not in this file)".
std::string DrawChain(const std::vector<x509::CertificatePtr>& certificates, int indent,
                      int64_t now);

// Returns e.g. "expires in 12 days", "expired 3 days ago", "valid in 2 hours".
std::string ValidityText(const x509::Certificate& certificate, int64_t now);

// Returns all fields of a certificate in several lines.
std::string DescribeCertificate(const x509::Certificate& certificate, int indent, int64_t now);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_CERTIFICATE_TEXT_H_
