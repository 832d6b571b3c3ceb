// ChunkScanner reads the framing of a chunked body (RFC 9112 section 7.1) beside llhttp, up to the
// end of the last chunk's size line. It accepts 1 to 16 hexadecimal digits, an optional extension
// that begins with `;`, CRLF, the data, CRLF. In responses it also accepts what the grammar calls
// bad white space: blanks and tabs after the size and around the `;` and `=` of an extension.
// llhttp accepts none of these, so they are removed from its input. Lines end with CRLF in
// responses, too: RFC 9112 section 2.2 permits LF alone only for fields, and a reader that skips
// everything up to the next CRLF would read such a line differently. A value; allocates nothing.

#ifndef MANTLET_PROXY_HTTP1_CHUNK_SCANNER_H_
#define MANTLET_PROXY_HTTP1_CHUNK_SCANNER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/http1/parse_result.h"

namespace mantlet::http1 {

class ChunkScanner {
 public:
  enum class Event : uint8_t {
    kMore,       // all bytes were read, the body continues
    kLastChunk,  // the bytes read end with the size line of the last chunk
    kError,
  };
  struct Outcome {
    Event event = Event::kMore;
    size_t consumed = 0;
    size_t skipped = 0;  // bytes after the consumed ones that were read and have no meaning
    ParseError error;
  };

  ChunkScanner(MessageKind kind, const ParserLimits& limits) : limits_(limits), kind_(kind) {}

  void Begin();
  // Reads all bytes, or up to the next bytes to skip.
  Outcome Scan(std::string_view bytes);

  // Returns the number of data bytes since Begin().
  uint64_t data_bytes() const { return data_bytes_; }

 private:
  enum class State : uint8_t {
    kFirstDigit,
    kSize,
    kBlanksBehindSize,
    kExtension,
    kBlanksInExtension,  // after a name or a value
    kQuoted,             // within a quoted value
    kQuotedPair,         // after a backslash in a quoted value
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
  };

  // Each reads the next input and returns a description of the error, or null.
  const char* ReadSize(char c);
  const char* ReadBehindBlanks(char c);
  const char* ReadExtension(std::string_view bytes, size_t* at);  // requests
  const char* ReadExtensionByte(char c);                          // responses
  std::optional<ParseError> BeginData();

  bool AddDigit(char c);
  bool CountExtension(size_t bytes);  // returns false if there are too many
  bool AtBlanks(char c) const;
  Outcome SkipBlanks(std::string_view bytes, size_t at);

  const ParserLimits& limits_;
  const MessageKind kind_;
  State state_ = State::kFirstDigit;
  int digits_ = 0;
  uint64_t size_ = 0;  // in a size line: its value so far; then: the remaining data bytes
  uint64_t data_bytes_ = 0;
  uint64_t announced_ = 0;
  size_t extension_bytes_ = 0;
  bool after_delimiter_ = false;  // kExtension: after `;` or `=`, where blanks have no meaning
};

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_CHUNK_SCANNER_H_
