// ResponseReader turns the fields of an HTTP/2 response into the same values that an HTTP/1
// response becomes (RFC 9113 section 8.3.2). It trusts nghttp2 for the grammar of names and values
// and for :status, and checks the limits.
//
// Pure; belongs to one stream.

#ifndef MANTLET_PROXY_HTTP2_RESPONSE_READER_H_
#define MANTLET_PROXY_HTTP2_RESPONSE_READER_H_

#include <cstddef>
#include <optional>
#include <string_view>

#include "proxy/base/proxy_error.h"
#include "proxy/http/message.h"

namespace mantlet::http2 {

// Bounds on the header section of a response, and on its trailers; the same as in HTTP/1.
struct ResponseLimits {
  size_t header_bytes = 64 * 1024;  // as HTTP/1 text
  size_t header_count = 1000;
  // The configuration keys of both, for error messages.
  std::string_view header_bytes_key = {};
  std::string_view header_count_key = {};
};

class ResponseReader {
 public:
  // Begins a head or a trailer section, which is written to `head` or `trailers`. `limits` must
  // outlive the section.
  void Begin(http::ResponseHead& head, const ResponseLimits& limits);
  void BeginTrailers(http::HeaderList& trailers, const ResponseLimits& limits);

  // Adds one field. Returns an error if the section exceeds a limit.
  std::optional<base::ProxyError> Add(std::string_view name, std::string_view value);

  // Ends the head of a final response to a request with `method`: sets its framing. `last` is
  // whether no content follows. Returns an error if the response cannot be forwarded.
  std::optional<base::ProxyError> FinishHead(http::Method method, bool last);

 private:
  http::ResponseHead* head_ = nullptr;  // null for trailers
  http::HeaderList* fields_ = nullptr;
  const ResponseLimits* limits_ = nullptr;
  size_t bytes_ = 0;  // of the section, as HTTP/1 text
  size_t count_ = 0;
};

}  // namespace mantlet::http2

#endif  // MANTLET_PROXY_HTTP2_RESPONSE_READER_H_
