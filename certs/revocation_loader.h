// Loads the revocation lists of one listener, checks that they can be used, and reports problems to
// the operator. Pure.

#ifndef MANTLET_CERTS_REVOCATION_LOADER_H_
#define MANTLET_CERTS_REVOCATION_LOADER_H_

#include <cstdint>

#include "certs/diagnostic_sink.h"
#include "certs/generation.h"
#include "certs/revocation_reader.h"
#include "config/config.h"

namespace mantlet::certs {

// Sets revocation_lists and revocation of `material`. Its anchors must already be set, because
// their keys verify the lists. `now` is in seconds since the epoch.
void LoadRevocationLists(const config::ClientAuth& client_auth, const RevocationFiles& files,
                         int64_t now, DiagnosticSink* sink, ListenerMaterial* material);

// Warns about a list with a lower number than the list it replaces: a revocation may have been
// undone, or the wrong file copied.
void WarnOfOlderLists(const ListenerMaterial& material, const ListenerMaterial& before,
                      DiagnosticSink* sink);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_REVOCATION_LOADER_H_
