// AppendJsonString writes arbitrary bytes as a JSON string (RFC 8259 section 7). The log and the
// access log use it because they write JSON into a buffer for every record; all other code uses a
// JSON library. Pure; any thread.

#ifndef MANTLET_PROXY_BASE_JSON_TEXT_H_
#define MANTLET_PROXY_BASE_JSON_TEXT_H_

#include <string>
#include <string_view>

namespace mantlet::base {

// Appends `bytes` as a JSON string with its quotes. The result is valid UTF-8 for any input: each
// byte that is not part of a well-formed sequence (overlong forms, surrogates and values over
// U+10FFFF are not) becomes U+FFFD. Control characters, DEL, C1 controls, U+2028 and U+2029 are
// escaped, so that each record stays one line in any viewer and no terminal interprets it.
void AppendJsonString(std::string_view bytes, std::string* out);

// Appends `bytes` as the value of a `key=value` pair: unchanged if they are one plain word,
// otherwise as a JSON string.
void AppendTextValue(std::string_view bytes, std::string* out);

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_JSON_TEXT_H_
