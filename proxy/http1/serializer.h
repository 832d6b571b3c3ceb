// Writes what HTTP/1 needs besides forwarded heads (http/forwarding.h): chunks,
// interim answers and our own refusals. Everything is appended to `out`.

#ifndef MANTLET_PROXY_HTTP1_SERIALIZER_H_
#define MANTLET_PROXY_HTTP1_SERIALIZER_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace mantlet::http1 {

// One chunk (RFC 9112 section 7.1). Nothing for empty data: an empty chunk would
// end the body.
void AppendChunk(std::string& out, std::string_view data);
// The same in parts, for a writer that gathers: the size line goes before `size`
// bytes of data, kChunkEnd behind them.
void AppendChunkHeader(std::string& out, uint64_t size);
inline constexpr std::string_view kChunkEnd = "\r\n";

// The last chunk. `trailers` are "Name: value\r\n" lines, as
// http::ForwardRequestTrailers() makes them; may be empty.
void AppendLastChunk(std::string& out, std::string_view trailers = {});

inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

struct ErrorResponse {
  int status = 400;
  std::string_view reason;    // why, in words; appears in the body as "mantlet: <reason>"
  bool keep_alive = false;    // otherwise Connection: close
  bool head_request = false;  // HEAD: no body, but its length
  // Extra "Name: value\r\n" lines, e.g. Retry-After.
  std::string_view extra_headers;
};
// A short text/plain answer of our own, HTTP/1.1.
void AppendErrorResponse(std::string& out, const ErrorResponse& response);

// A complete answer with a body of any type, for small endpoints of our own.
void AppendResponse(std::string& out, int status, std::string_view content_type,
                    std::string_view body, bool keep_alive, bool head_request);

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_SERIALIZER_H_
