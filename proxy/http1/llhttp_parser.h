// llhttp with every leniency off, as an object: bytes in; start line, fields and
// body out. The only place that knows llhttp. Knows nothing of what a message
// means: message_reader.h puts it to work beside the scanners. Owned by a
// MessageReader; llhttp holds a pointer to it, so it stays where it is.

#ifndef MANTLET_PROXY_HTTP1_LLHTTP_PARSER_H_
#define MANTLET_PROXY_HTTP1_LLHTTP_PARSER_H_

#include <llhttp.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/http/header_list.h"
#include "proxy/http1/parse_result.h"

namespace mantlet::http1 {

class LlhttpParser {
 public:
  // Takes body bytes, without their framing.
  class BodySink {
   public:
    virtual ~BodySink() = default;
    virtual void OnParserBody(std::string_view piece) = 0;
  };

  // What is filled in. All of it outlives the parser.
  struct Output {
    std::string& target;  // requests
    std::string& reason;  // responses
    http::HeaderList& headers;
    http::HeaderList& trailers;
    BodySink& body;
  };

  LlhttpParser(MessageKind kind, const Output& output);
  LlhttpParser(const LlhttpParser&) = delete;
  LlhttpParser& operator=(const LlhttpParser&) = delete;

  // A new message begins with the next byte.
  void Begin();
  // Reads a whole start line with its CRLF. llhttp reads the method of a request as POST:
  // it knows a list of them, where any token is one (RFC 9110 section 9.1), and nothing that
  // it does for us depends on it. (CONNECT and PRI, where it would, are not served.)
  bool FeedStartLine(std::string_view line);
  // False if llhttp refuses; error() says why.
  bool Feed(std::string_view bytes);

  // What was fed ends with a complete line, and the one after it, which does not continue
  // it, will not be fed: its field is complete. (llhttp would say so with the next byte.)
  void EndField() {
    if (field_open_) FinishField();
  }

  // A field's name was not a token (RFC 9110 section 5.1).
  bool bad_name() const { return bad_name_; }
  bool headers_complete() const { return headers_complete_; }
  bool message_complete() const { return message_complete_; }
  uint64_t body_bytes() const { return body_bytes_; }
  int status() const { return parser_.status_code; }
  bool is_http10() const { return parser_.http_major == 1 && parser_.http_minor == 0; }
  const ParseError& error() const { return error_; }

 private:
  static llhttp_settings_t MakeSettings();
  static const llhttp_settings_t& Settings();
  static LlhttpParser& Self(llhttp_t* parser);
  void FinishField();
  http::HeaderList& section() { return headers_complete_ ? output_.trailers : output_.headers; }

  Output output_;
  const MessageKind kind_;
  llhttp_t parser_;
  bool field_open_ = false;  // its line may go on
  bool bad_name_ = false;
  bool headers_complete_ = false;
  bool message_complete_ = false;
  uint64_t body_bytes_ = 0;
  ParseError error_;
};

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_LLHTTP_PARSER_H_
