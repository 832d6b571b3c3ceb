// What a listener serves and trusts as JSON, for `mantlet check --json` and the
// admin endpoint: one place, so that both use the same names.

#ifndef MANTLET_CERTS_MATERIAL_JSON_H_
#define MANTLET_CERTS_MATERIAL_JSON_H_

#include "certs/generation.h"
#include "certs/json_writer.h"

namespace mantlet::certs {

// The members "certificates" (each with its files, the names it is chosen by,
// whether it is the default, and its chain, leaf first), "trust_anchors" and
// "trust_domains" of an object that has been begun.
void WriteMaterial(const ListenerMaterial& material, JsonWriter* json);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_MATERIAL_JSON_H_
