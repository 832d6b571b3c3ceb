// AddMaterial converts the material of a listener to JSON, for `mantlet check --json` and the admin
// endpoint, so that both use the same member names.

#ifndef MANTLET_CERTS_MATERIAL_JSON_H_
#define MANTLET_CERTS_MATERIAL_JSON_H_

#include <nlohmann/json.hpp>

#include "certs/generation.h"

namespace mantlet::certs {

// Adds to the object `json` the members "certificates" (each with its files, the names it is
// selected by, whether it is the default, and its chain, leaf first), "trust_anchors",
// "trust_domains" and "revocation_lists".
void AddMaterial(const ListenerMaterial& material, nlohmann::ordered_json* json);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_MATERIAL_JSON_H_
