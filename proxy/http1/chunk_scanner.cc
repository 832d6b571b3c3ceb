#include "proxy/http1/chunk_scanner.h"

#include <algorithm>
#include <limits>

#include "proxy/http1/section_scanner.h"

namespace mantlet::http1 {

using base::ErrorReason;

namespace {

constexpr int kMaxDigits = 16;
constexpr uint64_t kMaxBody = std::numeric_limits<int64_t>::max();

constexpr const char* kControlInExtension = "a control character in a chunk extension";
constexpr const char* kExtensionsTooLarge = "chunk extensions that are too large";
constexpr const char* kNoCrlfBehindData = "chunk data without CRLF after it";

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

bool IsControl(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

ChunkScanner::Outcome Error(const ParseError& error) {
  return {ChunkScanner::Event::kError, 0, 0, error};
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
  after_delimiter_ = false;
}

bool ChunkScanner::AddDigit(char c) {
  const int value = HexValue(c);
  if (value < 0 || digits_ == kMaxDigits) return false;
  size_ = size_ * 16 + static_cast<uint64_t>(value);
  ++digits_;
  return true;
}

// Each returns a description of the error, or null.

const char* ChunkScanner::ReadSize(char c) {
  if (c == '\r') {
    state_ = State::kSizeLf;
  } else if (c == ';') {
    state_ = State::kExtension;
    after_delimiter_ = true;
  } else if (c == '\n') {
    return "a chunk size line ends with LF alone, not with CRLF";
  } else if (HexValue(c) < 0) {
    return IsBlank(c) ? "white space after a chunk size"
                      : "a chunk size that is not a hexadecimal number";
  } else if (!AddDigit(c)) {
    return "a chunk size that is too large";
  }
  return nullptr;
}

const char* ChunkScanner::ReadBehindBlanks(char c) {
  if (c != '\r' && c != ';') return "white space within a chunk size";
  return ReadSize(c);
}

const char* ChunkScanner::ReadExtension(std::string_view bytes, size_t* at) {
  const size_t plain = PlainPrefix(bytes.substr(*at));
  *at += plain;
  if (!CountExtension(plain)) return kExtensionsTooLarge;
  if (*at == bytes.size()) return nullptr;
  if (bytes[(*at)++] != '\r') return kControlInExtension;
  state_ = State::kSizeLf;
  return nullptr;
}

const char* ChunkScanner::ReadExtensionByte(char c) {
  if (!CountExtension(1)) return kExtensionsTooLarge;
  const bool quoted = state_ == State::kQuoted || state_ == State::kQuotedPair;
  if (c == '\r' && !quoted) {
    state_ = State::kSizeLf;
  } else if (IsControl(c)) {
    return kControlInExtension;
  } else if (state_ == State::kQuotedPair) {
    state_ = State::kQuoted;
  } else if (state_ == State::kQuoted) {
    if (c == '\\') state_ = State::kQuotedPair;
    if (c == '"') state_ = State::kExtension;
  } else if (state_ == State::kBlanksInExtension && c != ';' && c != '=') {
    return "white space within a chunk extension";
  } else {
    state_ = c == '"' ? State::kQuoted : State::kExtension;
    after_delimiter_ = c == ';' || c == '=';
  }
  return nullptr;
}

bool ChunkScanner::CountExtension(size_t bytes) {
  extension_bytes_ += bytes;
  return extension_bytes_ <= limits_.chunk_extension_bytes;
}

bool ChunkScanner::AtBlanks(char c) const {
  if (kind_ != MessageKind::kResponse || !IsBlank(c)) return false;
  return state_ == State::kSize || state_ == State::kBlanksBehindSize ||
         state_ == State::kExtension || state_ == State::kBlanksInExtension;
}

ChunkScanner::Outcome ChunkScanner::SkipBlanks(std::string_view bytes, size_t at) {
  size_t end = at;
  while (end < bytes.size() && IsBlank(bytes[end])) ++end;
  if (!CountExtension(end - at)) return Error({ErrorReason::kBadRequest, kExtensionsTooLarge});
  if (state_ == State::kSize) state_ = State::kBlanksBehindSize;
  if (state_ == State::kExtension && !after_delimiter_) state_ = State::kBlanksInExtension;
  return {Event::kMore, at, end - at, {}};
}

std::optional<ParseError> ChunkScanner::BeginData() {
  if (size_ > kMaxBody - announced_)
    return ParseError{ErrorReason::kBadRequest, "a chunk size that is too large"};
  announced_ += size_;
  if (limits_.body_bytes != 0 && announced_ > limits_.body_bytes) {
    return ParseError{ErrorReason::kContentTooLarge, "request content too large"};
  }
  state_ = State::kData;
  return std::nullopt;
}

ChunkScanner::Outcome ChunkScanner::Scan(std::string_view bytes) {
  size_t at = 0;
  while (at < bytes.size()) {
    const char c = bytes[at];
    if (AtBlanks(c)) return SkipBlanks(bytes, at);
    const char* wrong = nullptr;
    switch (state_) {
      case State::kFirstDigit:
        digits_ = 0;
        size_ = 0;
        if (!AddDigit(c))
          return Error({ErrorReason::kBadRequest, "a chunk size that is not a hexadecimal number"});
        state_ = State::kSize;
        ++at;
        break;
      case State::kSize:
        wrong = ReadSize(c);
        ++at;
        break;
      case State::kBlanksBehindSize:
        wrong = ReadBehindBlanks(c);
        ++at;
        break;
      case State::kExtension:
        if (kind_ == MessageKind::kRequest) {
          wrong = ReadExtension(bytes, &at);
          break;
        }
        [[fallthrough]];
      case State::kBlanksInExtension:
      case State::kQuoted:
      case State::kQuotedPair:
        wrong = ReadExtensionByte(c);
        ++at;
        break;
      case State::kSizeLf:
        if (c != '\n')
          return Error({ErrorReason::kBadRequest, "a CR without LF after a chunk size"});
        ++at;
        if (size_ == 0) return {Event::kLastChunk, at, 0, {}};
        if (const auto error = BeginData()) return Error(*error);
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
        if (c != '\r') wrong = kNoCrlfBehindData;
        state_ = State::kDataLf;
        ++at;
        break;
      case State::kDataLf:
        if (c != '\n') wrong = kNoCrlfBehindData;
        state_ = State::kFirstDigit;
        ++at;
        break;
    }
    if (wrong != nullptr) return Error({ErrorReason::kBadRequest, wrong});
  }
  return {Event::kMore, at, 0, {}};
}

}  // namespace mantlet::http1
