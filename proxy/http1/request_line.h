// Functions that check a complete request line (RFC 9112 section 3) before llhttp reads it, so that
// each kind of error gets its proper status.

#ifndef MANTLET_PROXY_HTTP1_REQUEST_LINE_H_
#define MANTLET_PROXY_HTTP1_REQUEST_LINE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/http/method.h"
#include "proxy/http1/parse_result.h"

namespace mantlet::http1 {

// Checks `line`, which has no CRLF. Method, target and version are separated by exactly one space.
// The method is any token of up to 48 bytes without lower-case letters, except CONNECT and PRI; the
// target is visible ASCII without `#`; the version is HTTP/1.0 or HTTP/1.1.
std::optional<ParseError> CheckRequestLine(std::string_view line, size_t max_target_bytes);

// Splits a target that CheckRequestLine() has accepted (RFC 9112 section 3.2). *target becomes the
// target for an origin server: origin-form, or "*". *authority is set from an absolute-form and
// unchanged otherwise.
std::optional<ParseError> SplitTarget(http::Method method, std::string* target,
                                      std::string* authority);

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_REQUEST_LINE_H_
