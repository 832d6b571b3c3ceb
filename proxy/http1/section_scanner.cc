#include "proxy/http1/section_scanner.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <bit>
#include <cstring>

namespace mantlet::http1 {

using base::ErrorReason;

namespace {

constexpr uint64_t kOnes = 0x0101010101010101;
constexpr uint64_t kHighs = 0x8080808080808080;

// Returns non-zero if one of the eight bytes is below 0x20 or is 0x7f.
constexpr uint64_t HasControl(uint64_t word) {
  const uint64_t low = (word - kOnes * 0x20) & ~word;
  const uint64_t del = word ^ (kOnes * 0x7f);
  return (low | ((del - kOnes) & ~del)) & kHighs;
}

constexpr bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

SectionScanner::Outcome Error(std::string_view detail) {
  return {SectionScanner::Event::kError, 0, {ErrorReason::kBadRequest, detail}};
}

SectionScanner::Outcome Exceeds(ExceededLimit limit, std::string_view detail) {
  return {SectionScanner::Event::kError, 0, {ErrorReason::kHeaderTooLarge, detail, limit}};
}

}  // namespace

#ifdef __SSE2__
namespace {

// Returns one bit for each of the sixteen bytes, set if it is below 0x20 or is 0x7f.
unsigned Controls(const char* sixteen) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(sixteen));
  const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
  const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(low, del)));
}

}  // namespace
#endif

size_t PlainPrefix(std::string_view bytes) {
  size_t at = 0;
#ifdef __SSE2__
  for (; at + 16 <= bytes.size(); at += 16) {
    const unsigned controls = Controls(bytes.data() + at);
    if (controls != 0) return at + static_cast<size_t>(std::countr_zero(controls));
  }
#endif
  for (; at + 8 <= bytes.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + at, sizeof(word));
    if (HasControl(word) != 0) break;
  }
  while (at < bytes.size() && !IsControl(bytes[at])) ++at;
  return at;
}

void SectionScanner::BeginHead() {
  Begin(State::kLine, true);
  if (kind_ == MessageKind::kResponse) line_end_ = LineEnd::kEither;
}
void SectionScanner::BeginTrailers() { Begin(State::kLineStart, false); }

void SectionScanner::Begin(State state, bool start_line) {
  state_ = state;
  start_line_ = start_line;
  line_end_ = LineEnd::kCrlf;
  bytes_ = 0;
  fields_ = 0;
}

SectionScanner::Outcome SectionScanner::Scan(std::string_view bytes) {
  // One byte beyond the limit proves that it is exceeded.
  const size_t room = limits_.header_bytes - bytes_;
  Outcome outcome = Step(bytes.substr(0, room), 0);
  bytes_ += outcome.consumed;
  if (outcome.event == Event::kMore && bytes.size() > room) {
    return Exceeds(ExceededLimit::kHeaderBytes, "header section too large");
  }
  return outcome;
}

bool SectionScanner::Skip(size_t bytes) {
  if (fields_ == limits_.header_count || bytes > limits_.header_bytes - bytes_) return false;
  ++fields_;
  bytes_ += bytes;
  return true;
}

SectionScanner::Outcome SectionScanner::EndLine(LineEnd end, size_t at) {
  state_ = State::kLineStart;
  if (!start_line_) return {Event::kLineEnd, at, {}};
  start_line_ = false;
  line_end_ = end;
  return {Event::kStartLineEnd, at, {}};
}

// Returns the error text for a control byte within a line.
std::string_view SectionScanner::ReasonAgainst(char c) const {
  if (c == '\n') return "a line ends with LF alone, not with CRLF";
  if (c == '\r') return "some lines end with LF alone and others with CRLF";
  if (c == '\0') return "a NUL byte in the start line or a header field";
  if (c == '\t') return "a tab in the start line";
  return "a control character in the start line or a header field";
}

SectionScanner::Outcome SectionScanner::Step(std::string_view bytes, size_t at) {
  while (at < bytes.size()) {
    const char c = bytes[at];
    switch (state_) {
      case State::kLineStart:
        if (c == '\r' && line_end_ == LineEnd::kCrlf) {
          state_ = State::kEndLf;
          ++at;
          break;
        }
        if (c == '\n' && line_end_ == LineEnd::kLf) return {Event::kEnd, at + 1, {}};
        if (c == ' ' || c == '\t') {
          return Error("a header line begins with white space: line folding is obsolete");
        }
        if (c == ':') return Error("a header field without a name");
        if (fields_ == limits_.header_count)
          return Exceeds(ExceededLimit::kHeaderCount, "too many header fields");
        ++fields_;
        state_ = State::kLine;
        break;
      case State::kLine:
        at += PlainPrefix(bytes.substr(at));
        if (at == bytes.size()) break;
        if (bytes[at] == '\r' && line_end_ != LineEnd::kLf) {
          state_ = State::kLineLf;
        } else if (bytes[at] == '\n' && line_end_ != LineEnd::kCrlf) {
          return EndLine(LineEnd::kLf, at + 1);
        } else if (bytes[at] != '\t' || (start_line_ && kind_ == MessageKind::kRequest)) {
          return Error(ReasonAgainst(bytes[at]));
        }
        ++at;
        break;
      case State::kLineLf:
        if (c != '\n') return Error("a CR without LF after it");
        return EndLine(LineEnd::kCrlf, at + 1);
      case State::kEndLf:
        if (c != '\n') return Error("a CR without LF after it");
        ++at;
        return {Event::kEnd, at, {}};
    }
  }
  return {Event::kMore, at, {}};
}

}  // namespace mantlet::http1
