// Describes the content of SPIFFE bundles and bundle maps, for `mantlet certs show`.

#ifndef MANTLET_CERTS_SHOW_SPIFFE_H_
#define MANTLET_CERTS_SHOW_SPIFFE_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace mantlet::certs {

// ShowSpiffe appends the lines of a JSON file to `text` and adds the members "format" and "items"
// to the object `json`; neither if the file is refused.
absl::Status ShowSpiffe(std::string_view bytes, int64_t now, std::string* text,
                        nlohmann::ordered_json* json);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_SHOW_SPIFFE_H_
