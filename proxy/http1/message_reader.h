// MessageReader is the part of parsing that requests and responses share. A scanner reads the bytes
// first: it finds the next boundary (end of the start line, of the header section, of the last
// chunk, of the message) and rejects ambiguous bytes. Then llhttp reads exactly the bytes up to
// that boundary. llhttp accepts the strict grammar only, so what else the scanner accepts in
// responses is first rewritten to match the grammar. If the two disagree, the message is rejected.
//
// Of the header fields, both read only those that affect where the message ends or that contain
// anything unusual. llhttp would merely return the others, so they are read once (field_line.h).
//
// The derived class interprets the message. One connection owns the reader; not thread-safe.

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
  // HeadVerdict is the derived class's result for a head.
  struct HeadVerdict {
    std::optional<ParseError> error;
    http::Framing framing;
    bool interim = false;  // another head follows; `framing` is not set
  };

  // The strings and the list belong to the derived class's current message.
  MessageReader(MessageKind kind, const ParserLimits& limits, std::string& target,
                std::string& reason, http::HeaderList& headers);
  ~MessageReader() override = default;

  // The first byte of a message has arrived: the derived class resets its message.
  virtual void OnMessageBegin() = 0;
  // Called with a complete start line, without its CRLF.
  virtual std::optional<ParseError> OnStartLine(std::string_view line) = 0;
  virtual HeadVerdict OnHead(const LlhttpParser& parser) = 0;
  virtual void OnBody(std::string_view piece) = 0;
  virtual void OnTrailers(const http::HeaderList& trailers) = 0;
  virtual void OnEnd() = 0;

  ParseResult Read(std::string_view bytes);
  ParseResult ReadEof();
  ParseResult Fail(const ParseError& error);

  // Returns whether the reader is between messages; the next byte begins one.
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

  // Each removes bytes from the front of `bytes` and returns false on an error.
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
  bool Reject(const ParseError& error);
  void OnParserBody(std::string_view piece) override { OnBody(piece); }

  ParserLimits limits_;
  http::HeaderList& headers_;
  http::HeaderList trailers_;
  SectionScanner section_;
  ChunkScanner chunks_;
  LlhttpParser llhttp_;
  State state_ = State::kIdle;
  std::string line_;        // the part of the start line that has arrived
  uint64_t remaining_ = 0;  // kFixedBody: remaining body bytes
  ParseError error_;
};

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_MESSAGE_READER_H_
