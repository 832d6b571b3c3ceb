// Writes what HTTP/1 needs besides forwarded heads (head_writer.h): chunks,
// interim answers and our own refusals. Everything is appended to `out`.

#ifndef MANTLET_PROXY_HTTP1_SERIALIZER_H_
#define MANTLET_PROXY_HTTP1_SERIALIZER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/http/message.h"

namespace mantlet::http1 {

// A chunk (RFC 9112 section 7.1) is this size line, `size` bytes of data and kChunkEnd.
// body_writer.h writes them.
void AppendChunkHeader(std::string& out, uint64_t size);
inline constexpr std::string_view kChunkEnd = "\r\n";

// The last chunk. `trailers` are "Name: value\r\n" lines; may be empty.
void AppendLastChunk(std::string& out, std::string_view trailers = {});

inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// The Connection field of an answer of ours, empty where none is needed. Persistence is the
// default of HTTP/1.1 and has to be said in HTTP/1.0 (RFC 9112 section 9.3): such a client
// otherwise waits for the end of the connection.
std::string_view ConnectionLine(bool keep_alive, http::Version client_version);

struct ErrorResponse {
  int status = 400;
  std::string_view reason;  // why, in words; appears in the body as "mantlet: <reason>"
  bool keep_alive = false;  // otherwise Connection: close
  http::Version client_version = http::Version::kHttp11;
  bool head_request = false;  // HEAD: no body, but its length
  // Extra "Name: value\r\n" lines, e.g. Retry-After.
  std::string_view extra_headers;
};
// A short text/plain answer of our own, HTTP/1.1. Returns the bytes of its content.
size_t AppendErrorResponse(std::string& out, const ErrorResponse& response);

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_SERIALIZER_H_
