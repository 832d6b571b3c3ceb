// RequestParser parses HTTP/1.0 and HTTP/1.1 requests (RFC 9112) from a byte stream, one after the
// other. It is strict: a message that two parsers could read differently is rejected. llhttp parses
// with every leniency off, a scanner reads the same bytes, and both must agree on the boundaries.
// One connection owns a parser and uses it on its loop only; it allocates nothing once warm.

#ifndef MANTLET_PROXY_HTTP1_REQUEST_PARSER_H_
#define MANTLET_PROXY_HTTP1_REQUEST_PARSER_H_

#include <memory>
#include <string_view>

#include "proxy/http/codec.h"
#include "proxy/http/message.h"
#include "proxy/http1/parse_result.h"

namespace mantlet::http1 {

class RequestParser {
 public:
  explicit RequestParser(const ParserLimits& limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Parses up to the end of one request at most; the caller passes the remaining bytes for the next
  // request. After a request with an upgrade (head.wants_upgrade()), the remaining bytes may belong
  // to the new protocol: a caller that tunnels uses them itself and does not call Parse() again.
  // After kError every further call returns the same error. A rejected head causes no event.
  ParseResult Parse(std::string_view bytes, http::RequestSink& sink);

  // Returns whether no byte of a request has been read. Empty lines before a request, which RFC
  // 9112 section 2.2 tolerates, do not count.
  bool Idle() const;

  // Returns whether the parser is in its initial state: no request in progress or rejected, and no
  // part of an empty line read. Another connection may then use it.
  bool IsReset() const;
  // Erases the last request and sets new limits. Only while IsReset().
  void Reset(const ParserLimits& limits);

  // Returns the request in progress, or the last one. After an error it holds what was read before
  // the error, for the log.
  const http::RequestHead& head() const;
  http::RequestHead& head();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_REQUEST_PARSER_H_
