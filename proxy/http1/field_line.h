// FieldLine is a header line of the common kind: complete, without an ambiguous byte, and without
// effect on the framing of the message. Pure; allocates nothing.

#ifndef MANTLET_PROXY_HTTP1_FIELD_LINE_H_
#define MANTLET_PROXY_HTTP1_FIELD_LINE_H_

#include <cstddef>
#include <string_view>

#include "proxy/http/header_id.h"

namespace mantlet::http1 {

struct FieldLine {
  std::string_view line;   // with its CRLF; empty if there is no such line
  std::string_view name;   // a token (RFC 9110 section 5.1)
  std::string_view value;  // no control bytes, not even HTAB; no blanks at its ends
};

// ReadPlainField returns the line at the start of `bytes`, or an empty one if it is incomplete or
// needs one of the stricter parsers. It does not detect folding: if the next line begins with a
// blank, the caller must not use the result (RFC 9112 section 5.2).
FieldLine ReadPlainField(std::string_view bytes);

// Returns whether the field affects where the message or the connection ends.
bool DecidesFraming(http::HeaderId id);

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_FIELD_LINE_H_
