// Warns about CAs without a revocation list if lists are in use: with `policy: if_present` their
// certificates are accepted without a revocation check. Pure.

#ifndef MANTLET_CERTS_REVOCATION_COVERAGE_H_
#define MANTLET_CERTS_REVOCATION_COVERAGE_H_

#include "certs/diagnostic_sink.h"
#include "certs/generation.h"
#include "config/config.h"

namespace mantlet::certs {

// Warns about each trust anchor of `material` without a list, if the configuration has lists or
// requires them, and adds it to `without_list`.
void CheckCoverage(const config::ClientAuth& client_auth, DiagnosticSink* sink,
                   ListenerMaterial* material);

// Warns about each issuer, trust anchor or not, that had a list for users' or for CAs' certificates
// and no longer has one: its list was replaced by one of another CA or for other certificates, or
// was removed. For a trust anchor that was removed together with its list, this is reported once.
void CheckForLostLists(const config::ClientAuth& client_auth, const ListenerMaterial& before,
                       DiagnosticSink* sink, ListenerMaterial* material);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_REVOCATION_COVERAGE_H_
