#include "proxy/http1/chunk_scanner.h"

#include <algorithm>
#include <limits>

#include "proxy/http1/section_scanner.h"

namespace mantlet::http1 {
namespace {

constexpr int kMaxDigits = 16;
constexpr uint64_t kMaxBody = std::numeric_limits<int64_t>::max();

ChunkScanner::Outcome Error(std::string_view reason, int status = 400) {
  return {ChunkScanner::Event::kError, 0, {status, reason}};
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  if (lower >= 'a' && lower <= 'f') return lower - 'a' + 10;
  return -1;
}

}  // namespace

void ChunkScanner::Begin() {
  state_ = State::kFirstDigit;
  digits_ = 0;
  size_ = 0;
  data_bytes_ = 0;
  announced_ = 0;
  extension_bytes_ = 0;
}

ChunkScanner::Outcome ChunkScanner::Scan(std::string_view bytes) { return Step(bytes, 0); }

bool ChunkScanner::AddDigit(char c) {
  const int value = HexValue(c);
  if (value < 0 || digits_ == kMaxDigits) return false;
  size_ = size_ * 16 + static_cast<uint64_t>(value);
  ++digits_;
  return true;
}

ChunkScanner::Outcome ChunkScanner::Step(std::string_view bytes, size_t at) {
  while (at < bytes.size()) {
    const char c = bytes[at];
    switch (state_) {
      case State::kFirstDigit:
        digits_ = 0;
        size_ = 0;
        if (!AddDigit(c)) return Error("chunk size is not a number");
        state_ = State::kSize;
        ++at;
        break;
      case State::kSize:
        ++at;
        if (c == '\r') {
          state_ = State::kSizeLf;
        } else if (c == ';') {
          state_ = State::kExtension;
        } else if (!AddDigit(c)) {
          return Error(HexValue(c) < 0 ? "garbage in a chunk size" : "chunk size too large");
        }
        break;
      case State::kExtension: {
        const size_t plain = PlainPrefix(bytes.substr(at));
        extension_bytes_ += plain;
        if (extension_bytes_ > limits_.chunk_extension_bytes) {
          return Error("chunk extensions too large");
        }
        at += plain;
        if (at == bytes.size()) break;
        if (bytes[at] != '\r') return Error("control byte in a chunk extension");
        state_ = State::kSizeLf;
        ++at;
        break;
      }
      case State::kSizeLf:
        if (c != '\n') return Error("CR without LF in a chunk size line");
        ++at;
        if (size_ == 0) return {Event::kLastChunk, at, {}};
        if (size_ > kMaxBody - announced_) return Error("chunk size too large");
        announced_ += size_;
        if (limits_.body_bytes != 0 && announced_ > limits_.body_bytes) {
          return Error("request content too large", 413);
        }
        state_ = State::kData;
        break;
      case State::kData: {
        const uint64_t taken = std::min<uint64_t>(size_, bytes.size() - at);
        size_ -= taken;
        data_bytes_ += taken;
        at += taken;
        if (size_ == 0) state_ = State::kDataCr;
        break;
      }
      case State::kDataCr:
        if (c != '\r') return Error("no CRLF behind chunk data");
        state_ = State::kDataLf;
        ++at;
        break;
      case State::kDataLf:
        if (c != '\n') return Error("no CRLF behind chunk data");
        state_ = State::kFirstDigit;
        ++at;
        break;
    }
  }
  return {Event::kMore, at, {}};
}

}  // namespace mantlet::http1
