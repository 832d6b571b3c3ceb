// Functions that determine from the fields of a head how the body is framed (RFC 9112 section 6)
// and whether the connection persists (section 9.3). Pure.

#ifndef MANTLET_PROXY_HTTP1_MESSAGE_FIELDS_H_
#define MANTLET_PROXY_HTTP1_MESSAGE_FIELDS_H_

#include <optional>
#include <string_view>

#include "proxy/http/header_list.h"
#include "proxy/http/message.h"
#include "proxy/http1/parse_result.h"

namespace mantlet::http1 {

// Sets *framing from the framing field of a request or response; to kNone if there is no such
// field. Returns an error if there is more than one or if it is ambiguous: Transfer-Encoding must
// be exactly "chunked" and not in HTTP/1.0, Content-Length must be plain digits.
std::optional<ParseError> ReadFraming(const http::HeaderList& headers, http::Version version,
                                      http::Framing* framing);

struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  int count = 0;  // of all options
};
// A message with more options than this is rejected: there is no legitimate use for them, and
// looking up each header field among them would be expensive.
inline constexpr int kMaxConnectionOptions = 32;

ConnectionOptions ReadConnectionOptions(const http::HeaderList& headers);

// Returns whether the connection persists. `close` takes precedence; HTTP/1.0 persists only with
// `keep-alive`.
bool IsPersistent(const ConnectionOptions& options, http::Version version);

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_MESSAGE_FIELDS_H_
