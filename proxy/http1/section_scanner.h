// SectionScanner reads a start line and header section, or a trailer section, byte by byte beside
// llhttp. It finds the ends of the lines and of the section, and rejects every byte that two
// parsers might treat differently (RFC 9112 sections 2.2, 5, 11.2). Lines end with CRLF only,
// except in the head of a response, where all lines may end with LF alone (RFC 9112 section 2.2) if
// none ends with CRLF. Control bytes other than HTAB are rejected, and so are lines that begin with
// white space or a colon. The size is limited by `limits`. A value; allocates nothing.

#ifndef MANTLET_PROXY_HTTP1_SECTION_SCANNER_H_
#define MANTLET_PROXY_HTTP1_SECTION_SCANNER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/http1/parse_result.h"

namespace mantlet::http1 {

class SectionScanner {
 public:
  enum class Event : uint8_t {
    kMore,          // all bytes were read, the line continues
    kLineEnd,       // the bytes read end with a field's line end
    kStartLineEnd,  // the bytes read end with the start line's line end
    kEnd,           // the bytes read end with the empty line
    kError,
  };
  struct Outcome {
    Event event = Event::kMore;
    size_t consumed = 0;
    ParseError error;
  };

  SectionScanner(MessageKind kind, const ParserLimits& limits) : limits_(limits), kind_(kind) {}

  void BeginHead();      // a start line is expected first
  void BeginTrailers();  // fields only

  // Reads up to the end of one line at most.
  Outcome Scan(std::string_view bytes);

  // Returns whether the next byte begins a field or ends the section.
  bool at_field() const { return state_ == State::kLineStart && !start_line_; }
  // Returns whether the lines of this section end with LF alone.
  bool ends_with_lf() const { return line_end_ == LineEnd::kLf; }
  // Counts a field of `bytes` bytes that another reader has read. Returns false, and counts
  // nothing, if it exceeds the limits. Only while at_field().
  bool Skip(size_t bytes);

  size_t fields() const { return fields_; }

 private:
  enum class State : uint8_t { kLineStart, kLine, kLineLf, kEndLf };

  enum class LineEnd : uint8_t { kEither, kCrlf, kLf };

  void Begin(State state, bool start_line);
  Outcome Step(std::string_view bytes, size_t at);
  Outcome EndLine(LineEnd end, size_t at);
  std::string_view ReasonAgainst(char c) const;

  const ParserLimits& limits_;
  const MessageKind kind_;
  LineEnd line_end_ = LineEnd::kCrlf;  // the line end of the section's first line
  State state_ = State::kLineStart;
  bool start_line_ = true;
  size_t bytes_ = 0;
  size_t fields_ = 0;
};

// Returns the length of the longest prefix of `bytes` without control bytes (including HTAB) and
// DEL.
size_t PlainPrefix(std::string_view bytes);

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_SECTION_SCANNER_H_
