// Parses HTTP/1.0 and HTTP/1.1 requests (RFC 9112) one after the other from a
// byte stream, strictly: a message that two parsers could read differently is
// refused. llhttp does the parsing with every leniency off; a scanner of ours
// reads the same bytes and both must agree about where things end. Owned by one
// connection, used from its loop only; allocates nothing once warm.

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

  // Stops behind the end of each request; call again with what is left for the
  // next one. What follows a request for an upgrade (head.wants_upgrade()) may belong to
  // the new protocol: a caller that tunnels takes the rest of the bytes and never calls
  // again. After kError every further call returns the same error.
  // No event is sent for a head that is refused.
  ParseResult Parse(std::string_view bytes, http::RequestSink& sink);

  // True before the first byte of a request (empty lines before it, which RFC
  // 9112 section 2.2 tolerates, do not count).
  bool Idle() const;

  // True where a new parser would stand: no request in progress, none refused, not
  // even a part of an empty line. Then another connection may have it.
  bool IsReset() const;
  // Forgets the last request and takes other limits. Only while IsReset().
  void Reset(const ParserLimits& limits);

  // The request in progress, or the last one. After an error it holds what was
  // read up to then, for the log.
  const http::RequestHead& head() const;
  http::RequestHead& head();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_REQUEST_PARSER_H_
