// CertificateToJson converts a certificate to one JSON object, for `mantlet certs show --json`,
// `mantlet check --json` and the admin endpoint, so that all three use the same member names.

#ifndef MANTLET_CERTS_CERTIFICATE_JSON_H_
#define MANTLET_CERTS_CERTIFICATE_JSON_H_

#include <nlohmann/json.hpp>

#include "proxy/x509/certificate.h"

namespace mantlet::certs {

// Strings are copied unchanged and need not be UTF-8: dump the document with
// error_handler_t::replace.
nlohmann::ordered_json CertificateToJson(const x509::Certificate& certificate);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_CERTIFICATE_JSON_H_
