// The header lines that most of a head is made of: complete, without a doubtful byte, and
// without a meaning for the framing of the message. Pure; no allocation.

#ifndef MANTLET_PROXY_HTTP1_FIELD_LINE_H_
#define MANTLET_PROXY_HTTP1_FIELD_LINE_H_

#include <cstddef>
#include <string_view>

#include "proxy/http/header_id.h"

namespace mantlet::http1 {

struct FieldLine {
  std::string_view line;   // with its CRLF; empty: there is none
  std::string_view name;   // a token (RFC 9110 section 5.1)
  std::string_view value;  // no control bytes, not even HTAB; no blanks at its ends
};

// The line that `bytes` begin with, or none if it is not complete, or if anything about it
// is for stricter readers to judge. Knows nothing of folding: a line that follows and
// begins with a blank belongs to no line here (RFC 9112 section 5.2).
FieldLine ReadPlainField(std::string_view bytes);

// Whether a field decides where the message or the connection ends.
bool DecidesFraming(http::HeaderId id);

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_FIELD_LINE_H_
