// The part of parsing that requests and responses share. The bytes go through a
// scanner of ours first, which finds the next boundary (end of the start line,
// of the header section, of the last chunk, of the message) and refuses doubtful
// bytes, and then, exactly up to that boundary, through llhttp, which knows the grammar
// only: what else the scanner accepts in responses is written as the grammar has it first.
// Where the two
// disagree the message is refused. Of header fields only those go through both that
// decide where the message ends, or have anything doubtful about them; the others,
// which llhttp would only pass through, are read once (field_line.h). What the message means is up
// to the derived class. Owned by one connection; not thread-safe.

#ifndef MANTLET_PROXY_HTTP1_MESSAGE_READER_H_
#define MANTLET_PROXY_HTTP1_MESSAGE_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/http/header_list.h"
#include "proxy/http/message.h"
#include "proxy/http1/chunk_scanner.h"
#include "proxy/http1/llhttp_parser.h"
#include "proxy/http1/parse_result.h"
#include "proxy/http1/section_scanner.h"

namespace mantlet::http1 {

class MessageReader : private LlhttpParser::BodySink {
 protected:
  // What the derived class made of a head.
  struct HeadVerdict {
    std::optional<ParseError> error;
    http::Framing framing;
    bool interim = false;  // another head follows; `framing` means nothing
  };

  // The strings and the list are the derived class's message under construction.
  MessageReader(MessageKind kind, const ParserLimits& limits, std::string& target,
                std::string& reason, http::HeaderList& headers);
  ~MessageReader() override = default;

  // The first byte of a message is there: forget the last one.
  virtual void OnMessageBegin() = 0;
  // A complete start line, without its CRLF.
  virtual std::optional<ParseError> OnStartLine(std::string_view line) = 0;
  virtual HeadVerdict OnHead(const LlhttpParser& parser) = 0;
  virtual void OnBody(std::string_view piece) = 0;
  virtual void OnTrailers(const http::HeaderList& trailers) = 0;
  virtual void OnEnd() = 0;

  ParseResult Read(std::string_view bytes);
  ParseResult ReadEof();
  ParseResult Fail(const ParseError& error);

  // Between messages; the next byte begins one.
  bool idle() const { return state_ == State::kIdle; }
  void set_idle() { state_ = State::kIdle; }
  const ParserLimits& limits() const { return limits_; }
  void set_limits(const ParserLimits& limits) { limits_ = limits; }  // between messages

 private:
  enum class State : uint8_t {
    kIdle,
    kStartLine,
    kHead,
    kFixedBody,
    kChunks,
    kTrailers,
    kUntilClose,
    kDone,  // the end was reached during this call
    kFailed,
  };

  // Each takes bytes from the front of `bytes`; false on error.
  bool ReadStartLine(std::string_view& bytes);
  bool ReadHead(std::string_view& bytes);
  void TakePlainFields(std::string_view& bytes);
  bool ReadFixedBody(std::string_view& bytes);
  bool ReadChunks(std::string_view& bytes);
  bool ReadTrailers(std::string_view& bytes);
  bool ReadUntilClose(std::string_view& bytes);
  bool Step(std::string_view& bytes);

  void BeginMessage();
  bool Feed(std::string_view bytes);
  bool FeedHeadLine(std::string_view bytes, bool line_end);
  bool HeadComplete();
  bool EnterBody(const http::Framing& framing);
  bool End();
  bool Refuse(const ParseError& error);
  void OnParserBody(std::string_view piece) override { OnBody(piece); }

  ParserLimits limits_;
  http::HeaderList& headers_;
  http::HeaderList trailers_;
  SectionScanner section_;
  ChunkScanner chunks_;
  LlhttpParser llhttp_;
  State state_ = State::kIdle;
  std::string line_;        // the part of a start line that came before the rest of it
  uint64_t remaining_ = 0;  // kFixedBody: body bytes to come
  ParseError error_;
};

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_MESSAGE_READER_H_
