// ParseStrictJson parses JSON (RFC 8259) with the strictness that security material requires: one
// document with nothing after it, valid UTF-8, unique names in each object, limited depth and size.
// For files of certs/ only; it catches the library's exceptions.

#ifndef MANTLET_CERTS_STRICT_JSON_H_
#define MANTLET_CERTS_STRICT_JSON_H_

#include <cstddef>
#include <string_view>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace mantlet::certs {

inline constexpr size_t kMaxJsonBytes = 4 * 1024 * 1024;
inline constexpr size_t kMaxJsonDepth = 16;

// Returns whether the bytes look like a JSON object: neither PEM nor DER begins with a brace.
bool LooksLikeJsonObject(std::string_view bytes);

// The error describes the problem and its byte offset.
absl::StatusOr<nlohmann::json> ParseStrictJson(std::string_view text);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_STRICT_JSON_H_
