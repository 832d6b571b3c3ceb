// Judges a request line (RFC 9112 section 3) as a whole, before llhttp sees it:
// that way each kind of mistake gets the status that is meant for it.

#ifndef MANTLET_PROXY_HTTP1_REQUEST_LINE_H_
#define MANTLET_PROXY_HTTP1_REQUEST_LINE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/http/method.h"
#include "proxy/http1/parse_result.h"

namespace mantlet::http1 {

// `line` has no CRLF. Exactly one space between method, target and version; the method is
// any token of up to 48 bytes without lower-case letters but CONNECT and PRI; the target is
// visible ASCII without `#`; the version is HTTP/1.0 or HTTP/1.1.
std::optional<ParseError> CheckRequestLine(std::string_view line, size_t max_target_bytes);

// Takes a target that CheckRequestLine() let through apart (RFC 9112 section
// 3.2). *target becomes what an origin server is asked for: origin-form, or "*".
// *authority is set from an absolute-form and left alone otherwise.
std::optional<ParseError> SplitTarget(http::Method method, std::string* target,
                                      std::string* authority);

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_REQUEST_LINE_H_
