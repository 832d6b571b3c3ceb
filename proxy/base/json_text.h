// AppendJsonString renders arbitrary bytes as a JSON string (RFC 8259 section 7), for log and
// access log, which write JSON into a buffer for every record. Everything else uses a JSON library.
// Pure; any thread.

#ifndef MANTLET_PROXY_BASE_JSON_TEXT_H_
#define MANTLET_PROXY_BASE_JSON_TEXT_H_

#include <string>
#include <string_view>

namespace mantlet::base {

// Appends `bytes` as a JSON string with its quotes. The result is valid UTF-8
// whatever goes in: each byte that is not part of a well-formed sequence
// (overlong forms, surrogates and values over U+10FFFF are not) becomes U+FFFD.
// Control characters, DEL and C1 controls, U+2028 and U+2029 are escaped, so
// that a line stays one line in any viewer and no terminal interprets them.
void AppendJsonString(std::string_view bytes, std::string* out);

// Appends `bytes` for a `key=value` line of text: as it is when it is a plain
// word, otherwise as a JSON string.
void AppendTextValue(std::string_view bytes, std::string* out);

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_JSON_TEXT_H_
