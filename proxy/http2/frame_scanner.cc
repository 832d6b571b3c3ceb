#include "proxy/http2/frame_scanner.h"

#include <algorithm>

namespace mantlet::http2 {
namespace {

constexpr uint8_t kData = 0x0;
constexpr uint8_t kHeaders = 0x1;
constexpr uint8_t kWindowUpdate = 0x8;
constexpr uint8_t kContinuation = 0x9;

constexpr uint8_t kEndHeaders = 0x4;

uint32_t ReadNumber(const uint8_t* bytes, size_t size) {
  uint32_t number = 0;
  for (size_t i = 0; i < size; ++i) number = number << 8 | bytes[i];
  return number;
}

}  // namespace

// A WINDOW_UPDATE is read with its payload.
size_t FrameScanner::HeaderSize() const {
  const bool with_increment = header_size_ >= kHeaderBytes && header_[3] == kWindowUpdate &&
                              ReadNumber(header_.data(), 3) == kIncrementBytes;
  return with_increment ? kHeaderBytes + kIncrementBytes : kHeaderBytes;
}

size_t FrameScanner::Scan(std::string_view bytes) {
  found_.reset();
  size_t at = 0;
  while (at < bytes.size() && !found_) {
    if (skip_ > 0) {
      const size_t skipped = std::min(skip_, bytes.size() - at);
      skip_ -= skipped;
      at += skipped;
      continue;
    }
    header_[header_size_++] = static_cast<uint8_t>(bytes[at++]);
    if (header_size_ >= kHeaderBytes && header_size_ == HeaderSize()) OnHeader();
  }
  return at;
}

void FrameScanner::OnHeader() {
  const bool whole = header_size_ > kHeaderBytes;
  const uint8_t type = header_[3];
  const uint32_t length = ReadNumber(header_.data(), 3);
  skip_ = whole ? 0 : length;
  header_size_ = 0;
  in_block_frame_ = type == kHeaders || type == kContinuation;
  if (type == kHeaders) ++header_blocks_;
  if (in_block_frame_) {
    block_open_ = (header_[4] & kEndHeaders) == 0;
  } else if (type != kData) {
    ++control_frames_;
  }
  if (type != kData && !whole) return;
  found_ = {type, length, static_cast<int32_t>(ReadNumber(&header_[5], 4) & 0x7fffffff),
            whole ? ReadNumber(&header_[kHeaderBytes], kIncrementBytes) : 0};
}

}  // namespace mantlet::http2
