// Checks whether a server certificate is fit to be served, and warns of what is questionable about
// it. Pure.

#ifndef MANTLET_CERTS_SERVER_CERTIFICATE_CHECK_H_
#define MANTLET_CERTS_SERVER_CERTIFICATE_CHECK_H_

#include <cstdint>
#include <vector>

#include "certs/diagnostic_sink.h"
#include "certs/generation.h"

namespace mantlet::certs {

// A certificate whose end is nearer than this is worth a warning, unless it
// lives so shortly that this is its ordinary state: then the last third counts.
inline constexpr int64_t kExpiryWarningSeconds = 14 * 24 * 3600;

bool EndsSoon(const x509::Certificate& certificate, int64_t now);

// `anchors`: the listener's trust anchors; one of them being the issuer answers
// the question whether an intermediate is missing.
void CheckServerCertificate(const ServerCertificate& server,
                            const std::vector<TrustAnchor>& anchors, int64_t now,
                            DiagnosticSink* sink);

// The certificates of one listener, side by side: a name may have one certificate
// for each kind of key (ECDSA by curve, Ed25519, RSA); a second of a kind is
// never shown for it.
void CheckDuplicateKeyTypes(const std::vector<ServerCertificate>& servers, DiagnosticSink* sink);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_SERVER_CERTIFICATE_CHECK_H_
