// LlhttpParser wraps llhttp with every leniency off: it reads bytes and outputs the start line,
// fields and body. It is the only user of llhttp. It does not interpret messages; message_reader.h
// runs it beside the scanners. A MessageReader owns it. llhttp holds a pointer to it, so it must
// not move.

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
  // Receives the body bytes without their framing.
  class BodySink {
   public:
    virtual ~BodySink() = default;
    virtual void OnParserBody(std::string_view piece) = 0;
  };

  // The destinations of the parsed values. All of them must outlive the parser.
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

  // Prepares for a new message, which begins with the next byte.
  void Begin();
  // Reads a whole start line with its CRLF. llhttp is given POST as the method of every request,
  // because it accepts only a list of methods, while any token is a method (RFC 9110 section 9.1).
  // Its results do not depend on the method; for CONNECT and PRI they would, but these are
  // rejected.
  bool FeedStartLine(std::string_view line);
  // Returns false if llhttp rejects the bytes; error() is then set.
  bool Feed(std::string_view bytes);

  // Completes the current field. Called when the fed bytes end with a complete line, and the next
  // line, which does not continue it, will not be fed. (llhttp itself reports the end of a field
  // with the next byte.)
  void EndField() {
    if (field_open_) FinishField();
  }

  // Returns whether a field name was not a token (RFC 9110 section 5.1).
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
  bool field_open_ = false;  // its line may continue
  bool bad_name_ = false;
  bool headers_complete_ = false;
  bool message_complete_ = false;
  uint64_t body_bytes_ = 0;
  ParseError error_;
};

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_LLHTTP_PARSER_H_
