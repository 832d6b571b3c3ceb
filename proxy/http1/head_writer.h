// Functions that append the heads of forwarded messages to `out` as HTTP/1.1 text (RFC 9112): the
// start line, the fields that proxy/http/forwarding.h forwards, and the fields of this hop, which
// frame the content and control the connection. Pure; they allocate only what `out` needs.

#ifndef MANTLET_PROXY_HTTP1_HEAD_WRITER_H_
#define MANTLET_PROXY_HTTP1_HEAD_WRITER_H_

#include <string>
#include <string_view>

#include "proxy/http/forwarding.h"
#include "proxy/http/message.h"

namespace mantlet::http1 {

// Appends the request head for the upstream. The content must be written with head.framing.
void AppendRequestHead(const http::RequestHead& head, const http::RequestForwarding& forwarding,
                       std::string& out);

// ResponseOptions is what the client's side of an exchange allows.
struct ResponseOptions {
  http::Version client_version = http::Version::kHttp11;
  http::Method request_method = http::Method::kGet;
  // True if the client connection should persist.
  bool keep_alive = true;
};

struct WrittenResponse {
  http::Framing framing;  // how the content must be framed
  // If false, the head announces the close, and the connection ends with this response.
  bool keep_alive = true;
};

// Appends the final (or 101) response head for the client.
WrittenResponse AppendResponseHead(const http::ResponseHead& head, const ResponseOptions& options,
                                   std::string& out);

// Appends a 1xx head other than 101. Appends nothing for an HTTP/1.0 client, which must not receive
// one.
void AppendInterimHead(const http::ResponseHead& head, http::Version client_version,
                       std::string& out);

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_HEAD_WRITER_H_
