// What is inside SPIFFE bundles and bundle maps, for `mantlet certs show`.

#ifndef MANTLET_CERTS_SHOW_SPIFFE_H_
#define MANTLET_CERTS_SHOW_SPIFFE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "certs/json_writer.h"

namespace mantlet::certs {

// Appends the lines of a JSON file to `text`, and the members "format" and "items" to
// an object that has been begun; neither if the file is refused.
absl::Status ShowSpiffe(std::string_view bytes, int64_t now, std::string* text, JsonWriter* json);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_SHOW_SPIFFE_H_
