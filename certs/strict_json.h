// ParseStrictJson parses JSON (RFC 8259) as security material should be parsed: one document with
// nothing after it, valid UTF-8, no name twice in an object, bounded depth and size. For files of
// certs/ only; the library's exceptions stay inside.

#ifndef MANTLET_CERTS_STRICT_JSON_H_
#define MANTLET_CERTS_STRICT_JSON_H_

#include <cstddef>
#include <string_view>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace mantlet::certs {

inline constexpr size_t kMaxJsonBytes = 4 * 1024 * 1024;
inline constexpr size_t kMaxJsonDepth = 16;

// Whether the bytes mean to be a JSON object: neither PEM nor DER begins with a brace.
bool LooksLikeJsonObject(std::string_view bytes);

// The message describes the error and its byte offset.
absl::StatusOr<nlohmann::json> ParseStrictJson(std::string_view text);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_STRICT_JSON_H_
