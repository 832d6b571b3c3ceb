// Status codes (RFC 9110 section 15) and their usual phrases.

#ifndef MANTLET_PROXY_HTTP_STATUS_H_
#define MANTLET_PROXY_HTTP_STATUS_H_

#include <string_view>

namespace mantlet::http {

// "OK", "Not Found", ...; "Unknown" for a code that has no registered phrase.
std::string_view ReasonPhrase(int status);

inline bool IsInterim(int status) { return status >= 100 && status < 200 && status != 101; }

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_STATUS_H_
