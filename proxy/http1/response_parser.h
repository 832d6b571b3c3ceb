// ResponseParser parses the HTTP/1 responses of an upstream (RFC 9112). It is almost as strict as
// for requests, because mantlet and the client must agree where a response ends. Deviations from
// the grammar that have only one reading are accepted: a head whose lines all end with LF alone,
// blanks after a chunk size or in a chunk extension, a status line without a phrase. One upstream
// connection owns a parser and uses it on its loop only; it allocates nothing once warm.

#ifndef MANTLET_PROXY_HTTP1_RESPONSE_PARSER_H_
#define MANTLET_PROXY_HTTP1_RESPONSE_PARSER_H_

#include <memory>
#include <string_view>

#include "proxy/http/codec.h"
#include "proxy/http/message.h"
#include "proxy/http1/parse_result.h"

namespace mantlet::http1 {

class ResponseParser {
 public:
  explicit ResponseParser(const ParserLimits& limits);
  ~ResponseParser();
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;

  // Must be called before each response. The request determines whether the response has a body and
  // whether 101 (Switching Protocols) is allowed.
  void Begin(http::Method request_method, bool upgrade_asked);

  // Returns kMessageEnd with consumed < bytes.size() if bytes follow the response. After a 101 they
  // belong to the tunnel; otherwise they were not requested, and the connection must not be reused.
  // Bytes before Begin() are an error.
  ParseResult Parse(std::string_view bytes, http::ResponseSink& sink);

  // The upstream has closed its side. Returns kMessageEnd if that properly ends the response (a
  // body that lasts until the close), kError if the response is truncated.
  ParseResult OnEof(http::ResponseSink& sink);

  // Returns true from Begin() until the first byte of the response.
  bool Idle() const;

  const http::ResponseHead& head() const;
  http::ResponseHead& head();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_RESPONSE_PARSER_H_
