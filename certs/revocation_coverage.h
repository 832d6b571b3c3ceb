// Warns of CAs without a revocation list where lists are in use: with `policy: if_present` the
// certificates that they have issued are accepted without a revocation check. Pure.

#ifndef MANTLET_CERTS_REVOCATION_COVERAGE_H_
#define MANTLET_CERTS_REVOCATION_COVERAGE_H_

#include "certs/diagnostic_sink.h"
#include "certs/generation.h"
#include "config/config.h"

namespace mantlet::certs {

// Warns of each trust anchor of `material` that has no list there, where the configuration
// names lists or requires them, and notes it in `without_list`.
void CheckCoverage(const config::ClientAuth& client_auth, DiagnosticSink* sink,
                   ListenerMaterial* material);

// The same of each issuer, trust anchor or not, that had a list for users' or for CAs'
// certificates and has none any more: a CA's list was replaced by that of another one or by
// one for other certificates, or taken away. Of a trust anchor that went together with its
// list is reported once.
void CheckForLostLists(const config::ClientAuth& client_auth, const ListenerMaterial& before,
                       DiagnosticSink* sink, ListenerMaterial* material);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_REVOCATION_COVERAGE_H_
