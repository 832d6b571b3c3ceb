// Loads the revocation lists of one listener: it checks that they can be applied, and reports what
// an operator should know about them. Pure.

#ifndef MANTLET_CERTS_REVOCATION_LOADER_H_
#define MANTLET_CERTS_REVOCATION_LOADER_H_

#include <cstdint>

#include "certs/diagnostic_sink.h"
#include "certs/generation.h"
#include "certs/revocation_reader.h"
#include "config/config.h"

namespace mantlet::certs {

// Fills revocation_lists and revocation of `material`, whose anchors must be there
// already: a list is verified with their keys. `now`: seconds since the epoch.
void LoadRevocationLists(const config::ClientAuth& client_auth, const RevocationFiles& files,
                         int64_t now, DiagnosticSink* sink, ListenerMaterial* material);

// Warns of a list whose number is below that of the one it replaces: a revocation may have been
// undone, or the wrong file copied.
void WarnOfOlderLists(const ListenerMaterial& material, const ListenerMaterial& before,
                      DiagnosticSink* sink);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_REVOCATION_LOADER_H_
