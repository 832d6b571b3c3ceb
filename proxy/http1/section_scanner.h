// Reads a start line and header section, or a trailer section, byte for byte
// beside llhttp: finds where lines and the section end, and refuses every byte
// that two parsers might treat differently (RFC 9112 sections 2.2, 5, 11.2). Line
// ends are CRLF and nothing else, but for the head of a response: there all lines may
// end with LF alone (RFC 9112 section 2.2), if none ends with CRLF. No control byte but
// HTAB; no line begins with white space or a colon. Bounded by `limits`. A value; no
// allocation.

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
    kMore,          // all bytes were read, the line goes on
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

  void BeginHead();      // a start line comes first
  void BeginTrailers();  // fields only

  // Reads up to the end of a line at most.
  Outcome Scan(std::string_view bytes);

  // Whether the next byte begins a field, or ends the section.
  bool at_field() const { return state_ == State::kLineStart && !start_line_; }
  // The lines of this section end with LF alone.
  bool ends_with_lf() const { return line_end_ == LineEnd::kLf; }
  // Counts a field of so many bytes, which somebody else has read; not if it is over the
  // limits. Only at_field().
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
  LineEnd line_end_ = LineEnd::kCrlf;  // what the first line of the section ended with
  State state_ = State::kLineStart;
  bool start_line_ = true;
  size_t bytes_ = 0;
  size_t fields_ = 0;
};

// The length of the longest prefix of `bytes` without control bytes (HTAB
// counts as one here) and without DEL.
size_t PlainPrefix(std::string_view bytes);

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_SECTION_SCANNER_H_
