// Parses the HTTP/1 responses of an upstream (RFC 9112), almost as strictly as
// requests: an upstream that answers ambiguously must not make us disagree with
// the client about where a response ends. What has one reading is accepted although it is
// not quite the grammar: a head whose lines all end with LF alone, blanks behind a chunk
// size or in a chunk extension, a status line without a phrase. Owned by one upstream connection,
// used from its loop only; allocates nothing once warm.

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

  // Before each response: what was asked decides whether it has a body, and
  // whether 101 (Switching Protocols) is an answer or an attack.
  void Begin(http::Method request_method, bool upgrade_asked);

  // Returns kMessageEnd with consumed < bytes.size() if there are bytes behind
  // the response: after a 101 they belong to the tunnel; otherwise nobody asked
  // for them and the connection must not be reused. Bytes before Begin() are an
  // error.
  ParseResult Parse(std::string_view bytes, http::ResponseSink& sink);

  // The upstream closed its side. kMessageEnd if that ends the response properly
  // (a body that lasts until then), kError if it is truncated.
  ParseResult OnEof(http::ResponseSink& sink);

  // True from Begin() until the first byte of the response.
  bool Idle() const;

  const http::ResponseHead& head() const;
  http::ResponseHead& head();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_RESPONSE_PARSER_H_
