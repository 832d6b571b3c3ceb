// Builds HTTP/2 frames byte by byte (RFC 9113 section 4.1), for tests that play a peer. Fields are
// written as literals without indexing (RFC 7541 section 6.2.2), so that every byte of them is the
// test's, also those that no encoder would write.

#ifndef MANTLET_TEST_PROXY_HTTP2_FRAMES_H_
#define MANTLET_TEST_PROXY_HTTP2_FRAMES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mantlet::http2::testing {

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum FrameType : uint8_t {
  kData = 0x0,
  kHeaders = 0x1,
  kPriority = 0x2,
  kRstStream = 0x3,
  kSettings = 0x4,
  kPushPromise = 0x5,
  kPing = 0x6,
  kGoaway = 0x7,
  kWindowUpdate = 0x8,
  kContinuation = 0x9,
};

inline constexpr uint8_t kAck = 0x1;
inline constexpr uint8_t kEndStream = 0x1;
inline constexpr uint8_t kEndHeaders = 0x4;
inline constexpr uint8_t kPadded = 0x8;
inline constexpr uint8_t kWhole = kEndStream | kEndHeaders;

using Fields = std::vector<std::pair<std::string, std::string>>;

// Returns `size` bytes, the most significant one first.
inline std::string Number(uint64_t value, size_t size) {
  std::string bytes;
  for (size_t i = size; i-- > 0;) bytes.push_back(static_cast<char>(value >> (8 * i)));
  return bytes;
}

inline std::string Frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  return Number(payload.size(), 3) + Number(type, 1) + Number(flags, 1) + Number(stream, 4) +
         std::string(payload);
}

// Returns a string literal without Huffman code (RFC 7541 section 5.2).
inline std::string HpackString(std::string_view text) {
  std::string bytes;
  size_t rest = text.size();
  if (rest < 127) {
    bytes.push_back(static_cast<char>(rest));
  } else {
    bytes.push_back(127);
    for (rest -= 127; rest >= 128; rest /= 128) {
      bytes.push_back(static_cast<char>(rest % 128 + 128));
    }
    bytes.push_back(static_cast<char>(rest));
  }
  return bytes.append(text);
}

inline std::string Block(const Fields& fields) {
  std::string block;
  for (const auto& [name, value] : fields) {
    block.push_back(0);
    block += HpackString(name) + HpackString(value);
  }
  return block;
}

// The fields of a request, with `more` behind them.
inline Fields Request(std::string_view method = "GET", std::string_view path = "/",
                      const Fields& more = {}) {
  Fields fields = {{":method", std::string(method)},
                   {":scheme", "https"},
                   {":path", std::string(path)},
                   {":authority", "a"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

inline std::string Headers(uint32_t stream, const Fields& fields, uint8_t flags = kWhole) {
  return Frame(kHeaders, flags, stream, Block(fields));
}
inline std::string Get(uint32_t stream) { return Headers(stream, Request()); }
// A request whose content follows.
inline std::string Post(uint32_t stream, const Fields& more = {}) {
  return Headers(stream, Request("POST", "/", more), kEndHeaders);
}
inline std::string Data(uint32_t stream, std::string_view content, uint8_t flags = 0) {
  return Frame(kData, flags, stream, content);
}
inline std::string RstStream(uint32_t stream, uint32_t code) {
  return Frame(kRstStream, 0, stream, Number(code, 4));
}
inline std::string WindowUpdate(uint32_t stream, uint32_t increment) {
  return Frame(kWindowUpdate, 0, stream, Number(increment, 4));
}
inline std::string Setting(uint16_t id, uint32_t value) {
  return Frame(kSettings, 0, 0, Number(id, 2) + Number(value, 4));
}
inline std::string Settings() { return Frame(kSettings, 0, 0, ""); }
inline std::string Ping(uint8_t flags = 0) { return Frame(kPing, flags, 0, "12345678"); }
inline std::string Priority(uint32_t stream, uint32_t depends_on) {
  return Frame(kPriority, 0, stream, Number(depends_on, 4) + Number(15, 1));
}
inline std::string Goaway(uint32_t last_stream, uint32_t code) {
  return Frame(kGoaway, 0, 0, Number(last_stream, 4) + Number(code, 4));
}

// What a client sends first.
inline std::string Opening() { return std::string(kPreface) + Settings(); }

}  // namespace mantlet::http2::testing

#endif  // MANTLET_TEST_PROXY_HTTP2_FRAMES_H_
