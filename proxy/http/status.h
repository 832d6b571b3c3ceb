// Status codes (RFC 9110 section 15) and their registered reason phrases.

#ifndef MANTLET_PROXY_HTTP_STATUS_H_
#define MANTLET_PROXY_HTTP_STATUS_H_

#include <string_view>

namespace mantlet::http {

// Returns the registered phrase, such as "Not Found"; "Unknown" if there is none.
std::string_view ReasonPhrase(int status);

inline bool IsInterim(int status) { return status >= 100 && status < 200 && status != 101; }

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_STATUS_H_
