// Checks whether a server certificate can be served, and warns about questionable properties. Pure.

#ifndef MANTLET_CERTS_SERVER_CERTIFICATE_CHECK_H_
#define MANTLET_CERTS_SERVER_CERTIFICATE_CHECK_H_

#include <cstdint>
#include <vector>

#include "certs/diagnostic_sink.h"
#include "certs/generation.h"

namespace mantlet::certs {

// A certificate that expires within this time causes a warning. For one with a short lifetime, the
// limit is the last third of it.
inline constexpr int64_t kExpiryWarningSeconds = 14 * 24 * 3600;

bool EndsSoon(const x509::Certificate& certificate, int64_t now);

// `anchors` are the listener's trust anchors; if one of them is the issuer, no intermediate is
// missing.
void CheckServerCertificate(const ServerCertificate& server,
                            const std::vector<TrustAnchor>& anchors, int64_t now,
                            DiagnosticSink* sink);

// Compares the certificates of one listener: a name may have one certificate for each kind of key
// (ECDSA by curve, Ed25519, RSA); a second one of a kind is never used for it.
void CheckDuplicateKeyTypes(const std::vector<ServerCertificate>& servers, DiagnosticSink* sink);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_SERVER_CERTIFICATE_CHECK_H_
