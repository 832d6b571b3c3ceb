// Reads the framing of a chunked body (RFC 9112 section 7.1) beside llhttp, up
// to the end of the last chunk's size line: 1 to 16 hexadecimal digits, an
// optional extension that begins with `;`, CRLF, the data, CRLF. Nothing else
// passes. A value; no allocation.

#ifndef MANTLET_PROXY_HTTP1_CHUNK_SCANNER_H_
#define MANTLET_PROXY_HTTP1_CHUNK_SCANNER_H_

#include <cstddef>
#include <cstdint>
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
    ParseError error;
  };

  explicit ChunkScanner(const ParserLimits& limits) : limits_(limits) {}

  void Begin();
  Outcome Scan(std::string_view bytes);

  // Data bytes seen since Begin().
  uint64_t data_bytes() const { return data_bytes_; }

 private:
  enum class State : uint8_t { kFirstDigit, kSize, kExtension, kSizeLf, kData, kDataCr, kDataLf };

  Outcome Step(std::string_view bytes, size_t at);
  bool AddDigit(char c);

  const ParserLimits& limits_;
  State state_ = State::kFirstDigit;
  int digits_ = 0;
  uint64_t size_ = 0;  // while reading a size line: what it says; then: what is left of the data
  uint64_t data_bytes_ = 0;
  uint64_t announced_ = 0;
  size_t extension_bytes_ = 0;
};

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_CHUNK_SCANNER_H_
