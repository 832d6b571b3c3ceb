// ChooseChain selects the certificates of a chain file that are served: the leaf, and those that a
// client may need to build a path. A chain file may contain several paths (an intermediate that two
// roots have certified), and certificates that no path needs, such as an expired cross-certificate.
// Pure.

#ifndef MANTLET_CERTS_SERVER_CHAIN_H_
#define MANTLET_CERTS_SERVER_CHAIN_H_

#include <cstdint>
#include <vector>

#include "certs/diagnostic_sink.h"
#include "certs/generation.h"

namespace mantlet::certs {

// Sorts `chain` and `chain_der` of a certificate whose leaf is known in the order in which they are
// served: each certificate before its issuers, one path after the other.
//
// A certificate is unfit if it is not valid now, is not a CA or has a weak key or signature. If a
// path without unfit certificates leads from the leaf to a root, in the file or among the
// listener's `anchors`, all other certificates are left out with a warning. If no root is known,
// unfit certificates are also left out, because a client may trust the certificate before them; but
// the issuer of the leaf must be fit, and so must everything on the way to a known root. Otherwise
// they stay, and CheckServerCertificate() rejects them. If no root is reached, and the file
// contains certificates that issued none of the path, a link is missing, which is an error.
void ChooseChain(const std::vector<TrustAnchor>& anchors, int64_t now, DiagnosticSink* sink,
                 ServerCertificate* server);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_SERVER_CHAIN_H_
