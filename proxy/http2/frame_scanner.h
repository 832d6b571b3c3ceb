// FrameScanner follows the frames of what a client sends (RFC 9113 section 4.1) beside nghttp2,
// which reports nothing about frames that it ignores: DATA for a stream that is closed, and a
// WINDOW_UPDATE of 0 for one.
//
// Pure; one connection.

#ifndef MANTLET_PROXY_HTTP2_FRAME_SCANNER_H_
#define MANTLET_PROXY_HTTP2_FRAME_SCANNER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mantlet::http2 {

class FrameScanner {
 public:
  struct Found {
    uint8_t type = 0;
    int32_t stream_id = 0;
    uint32_t increment = 0;  // WINDOW_UPDATE
  };

  // Scan reads up to the end of the next header of a DATA frame, or of the next WINDOW_UPDATE
  // frame. Returns how many bytes that are: all of them, if there is none. found() has it then.
  size_t Scan(std::string_view bytes);
  const std::optional<Found>& found() const { return found_; }

 private:
  static constexpr size_t kPrefaceBytes = 24;
  static constexpr size_t kHeaderBytes = 9;
  static constexpr size_t kIncrementBytes = 4;

  size_t HeaderSize() const;
  void OnHeader();

  size_t skip_ = kPrefaceBytes;  // of what follows: payload
  std::array<uint8_t, kHeaderBytes + kIncrementBytes> header_ = {};
  size_t header_size_ = 0;  // what there is of it
  std::optional<Found> found_;
};

}  // namespace mantlet::http2

#endif  // MANTLET_PROXY_HTTP2_FRAME_SCANNER_H_
