// Describes the content of SPIFFE bundles and bundle maps, for `mantlet certs show`.

#ifndef MANTLET_CERTS_SHOW_SPIFFE_H_
#define MANTLET_CERTS_SHOW_SPIFFE_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace mantlet::certs {

// Appends the lines of a JSON file to `text` and adds the members "format" and "items" to the
// object `json`. Returns an error and changes neither if the file is invalid.
absl::Status ShowSpiffe(std::string_view bytes, int64_t now, std::string* text,
                        nlohmann::ordered_json* json);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_SHOW_SPIFFE_H_
