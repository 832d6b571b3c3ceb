// Reads the framing of a chunked body (RFC 9112 section 7.1) beside llhttp, up
// to the end of the last chunk's size line: 1 to 16 hexadecimal digits, an
// optional extension that begins with `;`, CRLF, the data, CRLF. Nothing else
// passes, but in responses the blanks and tabs that the grammar calls bad white space:
// behind the size and around the `;` and `=` of an extension. llhttp knows none of those,
// so they are taken out of what it gets. Lines end with CRLF in responses too: LF alone,
// which RFC 9112 section 2.2 grants to fields, has a second reading here, that of a reader
// who skips all up to the CRLF. A value; no allocation.

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
    kMore,       // all bytes were read, the body goes on
    kLastChunk,  // the bytes read end with the size line of the last chunk
    kError,
  };
  struct Outcome {
    Event event = Event::kMore;
    size_t consumed = 0;
    size_t skipped = 0;  // bytes behind those consumed that are read too and mean nothing
    ParseError error;
  };

  ChunkScanner(MessageKind kind, const ParserLimits& limits) : limits_(limits), kind_(kind) {}

  void Begin();
  // Reads all bytes, or up to the next that are to be skipped.
  Outcome Scan(std::string_view bytes);

  // Data bytes seen since Begin().
  uint64_t data_bytes() const { return data_bytes_; }

 private:
  enum class State : uint8_t {
    kFirstDigit,
    kSize,
    kBlanksBehindSize,
    kExtension,
    kBlanksInExtension,  // behind a name or a value
    kQuoted,             // within a quoted value
    kQuotedPair,         // behind a backslash in one
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
  };

  // Each takes what comes next and returns what is wrong with it, or null.
  const char* ReadSize(char c);
  const char* ReadBehindBlanks(char c);
  const char* ReadExtension(std::string_view bytes, size_t* at);  // requests
  const char* ReadExtensionByte(char c);                          // responses
  std::optional<ParseError> BeginData();

  bool AddDigit(char c);
  bool CountExtension(size_t bytes);  // false: too many
  bool AtBlanks(char c) const;
  Outcome SkipBlanks(std::string_view bytes, size_t at);

  const ParserLimits& limits_;
  const MessageKind kind_;
  State state_ = State::kFirstDigit;
  int digits_ = 0;
  uint64_t size_ = 0;  // while reading a size line: what it says; then: what is left of the data
  uint64_t data_bytes_ = 0;
  uint64_t announced_ = 0;
  size_t extension_bytes_ = 0;
  bool after_delimiter_ = false;  // kExtension: behind `;` or `=`, where blanks mean nothing
};

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_CHUNK_SCANNER_H_
