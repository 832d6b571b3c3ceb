// ChooseChain selects which certificates of a chain file are served: the leaf, and of the others
// those that some client may need to find a path. A chain file may hold more than one path (an
// intermediate that two roots have certified), and certificates that no path needs, such as a
// cross-certificate that has expired. Pure.

#ifndef MANTLET_CERTS_SERVER_CHAIN_H_
#define MANTLET_CERTS_SERVER_CHAIN_H_

#include <cstdint>
#include <vector>

#include "certs/diagnostic_sink.h"
#include "certs/generation.h"

namespace mantlet::certs {

// Puts `chain` and `chain_der` of a certificate whose leaf is known in the order in which
// they are served: each certificate before its issuers, one path after the other.
//
// A certificate is unfit if it is not valid now, is no CA or has a weak key or signature.
// Where a path without unfit certificates leads from the leaf to a root, in the file or
// among the listener's `anchors`, everything else is left out with a warning. Where no
// root is known, unfit certificates are left out as well, since a client may trust what
// comes before them; but the issuer of the leaf has to be fit, and so has everything on
// the way to a root that is known. Otherwise they stay, for CheckServerCertificate() to
// refuse. Certificates that have issued nothing here, while no root is reached, are an
// error: a link is missing.
void ChooseChain(const std::vector<TrustAnchor>& anchors, int64_t now, DiagnosticSink* sink,
                 ServerCertificate* server);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_SERVER_CHAIN_H_
