// What a parser of HTTP/1 messages reports. Both parsers are pure state
// machines: bytes in, events and a result out; no I/O, clock or log.

#ifndef MANTLET_PROXY_HTTP1_PARSE_RESULT_H_
#define MANTLET_PROXY_HTTP1_PARSE_RESULT_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/base/proxy_error.h"

namespace mantlet::http1 {

// Requests are read strictly. Responses come from the operator's own application: of these
// what is not quite the grammar but has one reading only is accepted too.
enum class MessageKind : uint8_t { kRequest, kResponse };

// Bounds on what one message may make us hold. Exceeding one is an error.
struct ParserLimits {
  size_t target_bytes = 16 * 1024;  // request-target, responses: reason phrase; 414
  size_t header_bytes = 64 * 1024;  // start line and header section; also a trailer section; 431
  size_t header_count = 100;        // fields in either section; 431
  uint64_t body_bytes = 0;          // requests: decoded body, 413; 0 = unlimited
  size_t chunk_extension_bytes = 4 * 1024;  // all extensions of one body together; 400
};

// The member of ParserLimits that a message exceeds, for a caller that names the
// configuration key it was set by.
enum class ExceededLimit : uint8_t { kNone, kHeaderBytes, kHeaderCount };

struct ParseError {
  // Requests: a downstream fault with status 400, 413, 414, 417, 431, 501 or 505.
  // Responses: kProtocolError or kHeadTooLarge.
  base::ErrorReason reason = base::ErrorReason::kBadRequest;
  // A literal for the log and for the body of the answer.
  std::string_view detail;
  ExceededLimit limit = ExceededLimit::kNone;
};

struct ParseResult {
  enum class Status : uint8_t {
    kNeedMore,    // everything was consumed; the message goes on
    kMessageEnd,  // `consumed` bytes belong to this message; the rest does not
    kError,       // nothing after this is trustworthy: the connection must end
  };
  Status status = Status::kNeedMore;
  size_t consumed = 0;
  ParseError error;  // kError only
};

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_PARSE_RESULT_H_
