// The rules that requests of every version of HTTP have to follow before they are forwarded,
// beyond their grammar: they hold because the next server speaks HTTP/1.1, where another reading
// would be possible. Pure; any thread.

#ifndef MANTLET_PROXY_HTTP_REQUEST_RULES_H_
#define MANTLET_PROXY_HTTP_REQUEST_RULES_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/base/proxy_error.h"

namespace mantlet::http {

// Why a request is refused. `detail` is a literal for the log and for the response.
struct Refusal {
  base::ErrorReason reason;
  std::string_view detail;
};

// CheckMethod refuses a method, a token, that is too long, and one with lower-case letters: method
// names are case-sensitive (RFC 9110 section 9.1), but many applications compare them without
// regard to case, so that `delete` would pass a rule about DELETE, and the response to `head` would
// have another framing for the application than for us. CONNECT is refused too.
std::optional<Refusal> CheckMethod(std::string_view method);

// IsTargetText returns whether every byte is visible ASCII and none is `#`.
bool IsTargetText(std::string_view target);

// IsTunnelable returns whether an Upgrade to `protocol` may be forwarded. HTTP and TLS may not: a
// client would speak to the upstream past mantlet's checks.
bool IsTunnelable(std::string_view protocol);

// ParseContentLength returns the value of a Content-Length of digits that fits in 63 bits.
std::optional<uint64_t> ParseContentLength(std::string_view text);

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_REQUEST_RULES_H_
