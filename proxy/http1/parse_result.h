// The types that the HTTP/1 parsers share. Both parsers are pure state machines: they read bytes
// and return events and a result, without I/O, clock or log.

#ifndef MANTLET_PROXY_HTTP1_PARSE_RESULT_H_
#define MANTLET_PROXY_HTTP1_PARSE_RESULT_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/base/proxy_error.h"

namespace mantlet::http1 {

// Requests are parsed strictly. Responses come from the operator's own application, so deviations
// from the grammar that have only one reading are accepted.
enum class MessageKind : uint8_t { kRequest, kResponse };

// ParserLimits bounds the memory of one message. Exceeding a limit is an error.
struct ParserLimits {
  size_t target_bytes = 16 * 1024;  // request-target, responses: reason phrase; 414
  size_t header_bytes = 64 * 1024;  // start line and header section; also a trailer section; 431
  size_t header_count = 100;        // fields in either section; 431
  uint64_t body_bytes = 0;          // requests: decoded body, 413; 0 = unlimited
  size_t chunk_extension_bytes = 4 * 1024;  // all extensions of one body together; 400
};

// ExceededLimit is the member of ParserLimits that a message exceeds, for a caller that reports the
// configuration key.
enum class ExceededLimit : uint8_t { kNone, kHeaderBytes, kHeaderCount };

struct ParseError {
  // Requests: a downstream fault with status 400, 413, 414, 417, 431, 501 or 505.
  // Responses: kProtocolError or kHeadTooLarge.
  base::ErrorReason reason = base::ErrorReason::kBadRequest;
  // A literal for the log and the body of the error response.
  std::string_view detail;
  ExceededLimit limit = ExceededLimit::kNone;
};

struct ParseResult {
  enum class Status : uint8_t {
    kNeedMore,    // everything was consumed; the message continues
    kMessageEnd,  // the first `consumed` bytes belong to this message
    kError,       // the following bytes cannot be trusted: the connection must end
  };
  Status status = Status::kNeedMore;
  size_t consumed = 0;
  ParseError error;  // kError only
};

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_PARSE_RESULT_H_
