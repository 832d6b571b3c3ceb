// What the fields of a head say about the message around them: how its body is
// framed (RFC 9112 section 6) and whether the connection persists (section 9.3).
// Pure functions over a parsed header section.

#ifndef MANTLET_PROXY_HTTP1_MESSAGE_FIELDS_H_
#define MANTLET_PROXY_HTTP1_MESSAGE_FIELDS_H_

#include <optional>
#include <string_view>

#include "proxy/http/header_list.h"
#include "proxy/http/message.h"
#include "proxy/http1/parse_result.h"

namespace mantlet::http1 {

// At most one framing field, and that one beyond doubt: Transfer-Encoding is
// exactly "chunked" and not in HTTP/1.0, Content-Length is plain digits. No such
// field: *framing is kNone. Requests and responses alike.
std::optional<ParseError> ReadFraming(const http::HeaderList& headers, http::Version version,
                                      http::Framing* framing);

struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  int count = 0;  // of all options
};
// More options than this have no honest use, and looking each header field up
// among them would cost too much: such a message is refused.
inline constexpr int kMaxConnectionOptions = 32;

ConnectionOptions ReadConnectionOptions(const http::HeaderList& headers);

// `close` wins; HTTP/1.0 persists only if it says so.
bool IsPersistent(const ConnectionOptions& options, http::Version version);

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_MESSAGE_FIELDS_H_
