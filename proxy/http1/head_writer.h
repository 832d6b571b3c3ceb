// Writes the heads of forwarded messages as HTTP/1.1 text (RFC 9112): the start line, the
// fields that proxy/http/forwarding.h lets pass, and the fields of this hop, which frame the
// content and say what becomes of the connection. Appended to `out`; pure; no allocation
// besides its growth.

#ifndef MANTLET_PROXY_HTTP1_HEAD_WRITER_H_
#define MANTLET_PROXY_HTTP1_HEAD_WRITER_H_

#include <string>
#include <string_view>

#include "proxy/http/forwarding.h"
#include "proxy/http/message.h"

namespace mantlet::http1 {

// Appends the request head for the upstream. Its content is framed as head.framing says.
void AppendRequestHead(const http::RequestHead& head, const http::RequestForwarding& how,
                       std::string& out);

// What the downstream side of an exchange allows.
struct ResponseOptions {
  http::Version client_version = http::Version::kHttp11;
  http::Method request_method = http::Method::kGet;
  // Whether the downstream connection is to persist.
  bool keep_alive = true;
};

struct WrittenResponse {
  http::Framing framing;  // how the content must be written
  // False: the head says so, and the connection ends with this response.
  bool keep_alive = true;
};

// Appends the final (or 101) response head for the client.
WrittenResponse AppendResponseHead(const http::ResponseHead& head, const ResponseOptions& options,
                                   std::string& out);

// Appends a 1xx head other than 101. Nothing for an HTTP/1.0 client, which must
// not be sent one.
void AppendInterimHead(const http::ResponseHead& head, http::Version client_version,
                       std::string& out);

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_HEAD_WRITER_H_
