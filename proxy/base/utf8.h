// Checks bytes for well-formed UTF-8, and converts arbitrary bytes to it. Pure; any thread.

#ifndef MANTLET_PROXY_BASE_UTF8_H_
#define MANTLET_PROXY_BASE_UTF8_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace mantlet::base {

inline constexpr std::string_view kUtf8Replacement = "\xEF\xBF\xBD";  // U+FFFD

// Returns the length of the well-formed sequence that begins at `i` (Unicode table 3-7: no
// overlong forms, no surrogates, nothing over U+10FFFF), or 0. `i` < bytes.size().
size_t Utf8SequenceLength(std::string_view bytes, size_t i);

// Returns `bytes` with each byte that is not part of a well-formed sequence replaced by U+FFFD.
std::string ValidUtf8(std::string_view bytes);

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_UTF8_H_
