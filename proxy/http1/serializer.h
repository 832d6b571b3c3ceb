// Functions that append to `out` what HTTP/1 needs besides forwarded heads (head_writer.h): chunks,
// interim responses and mantlet's own responses.

#ifndef MANTLET_PROXY_HTTP1_SERIALIZER_H_
#define MANTLET_PROXY_HTTP1_SERIALIZER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/http/message.h"

namespace mantlet::http1 {

// A chunk (RFC 9112 section 7.1) is this size line, `size` bytes of data and kChunkEnd.
// body_writer.h writes them.
void AppendChunkHeader(std::string& out, uint64_t size);
inline constexpr std::string_view kChunkEnd = "\r\n";

// Appends the last chunk. `trailers` holds "Name: value\r\n" lines and may be empty.
void AppendLastChunk(std::string& out, std::string_view trailers = {});

inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// The head of mantlet's own response, whose content follows. HTTP/1.1 persists by default; HTTP/1.0
// must announce it (RFC 9112 section 9.3), or the client waits for the end of the connection.
struct LocalHead {
  int status = 200;
  std::string_view content_type;
  size_t content_length = 0;
  std::string_view extra_fields = {};  // "Name: value\r\n" lines
  bool keep_alive = false;             // if false, Connection: close is sent
  http::Version client_version = http::Version::kHttp11;
};
void AppendLocalHead(std::string& out, const LocalHead& head);

struct ErrorResponse {
  int status = 400;
  std::string_view reason;  // an explanation; appears in the body as "mantlet: <reason>"
  bool keep_alive = false;  // if false, Connection: close is sent
  http::Version client_version = http::Version::kHttp11;
  bool head_request = false;  // for HEAD: no body, but its length
};
// Appends a short text/plain response of HTTP/1.1. Returns the number of bytes of its content.
size_t AppendErrorResponse(std::string& out, const ErrorResponse& response);

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_SERIALIZER_H_
