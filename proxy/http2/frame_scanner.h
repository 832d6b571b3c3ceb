// FrameScanner follows the frames of what a client sends (RFC 9113 section 4.1) beside nghttp2,
// which reports nothing about frames that it ignores (unknown ones, DATA for a stream that is
// closed, a WINDOW_UPDATE of 0 for one), and nothing about a header section before it is complete.
//
// Pure; one connection.

#ifndef MANTLET_PROXY_HTTP2_FRAME_SCANNER_H_
#define MANTLET_PROXY_HTTP2_FRAME_SCANNER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace mantlet::http2 {

class FrameScanner {
 public:
  struct Found {
    uint8_t type = 0;
    uint32_t length = 0;  // of the payload
    int32_t stream_id = 0;
    uint32_t increment = 0;  // WINDOW_UPDATE
  };

  // Scan reads up to the end of the next header of a DATA frame, or of the next WINDOW_UPDATE
  // frame. Returns how many bytes that are: all of them, if there is none. found() has it then.
  size_t Scan(std::string_view bytes);
  const std::optional<Found>& found() const { return found_; }

  // header_block() numbers the header sections, from 1: the one that has begun and is not complete
  // after what was scanned, or 0.
  uint64_t header_block() const {
    return block_open_ || (in_block_frame_ && skip_ > 0) ? header_blocks_ : 0;
  }
  // Returns how many frames that carry no part of a message were found since the last call.
  size_t TakeControlFrames() { return std::exchange(control_frames_, 0); }

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
  size_t control_frames_ = 0;
  uint64_t header_blocks_ = 0;
  bool block_open_ = false;      // a CONTINUATION frame must follow
  bool in_block_frame_ = false;  // what is skipped is a part of a header section
};

}  // namespace mantlet::http2

#endif  // MANTLET_PROXY_HTTP2_FRAME_SCANNER_H_
