#include "proxy/http1/section_scanner.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <bit>
#include <cstring>

namespace mantlet::http1 {
namespace {

constexpr uint64_t kOnes = 0x0101010101010101;
constexpr uint64_t kHighs = 0x8080808080808080;

// Non-zero if one of the eight bytes is below 0x20 or is 0x7f.
constexpr uint64_t HasControl(uint64_t word) {
  const uint64_t low = (word - kOnes * 0x20) & ~word;
  const uint64_t del = word ^ (kOnes * 0x7f);
  return (low | ((del - kOnes) & ~del)) & kHighs;
}

constexpr bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

SectionScanner::Outcome Error(std::string_view reason, int status = 400) {
  return {SectionScanner::Event::kError, 0, {status, reason}};
}

std::string_view ControlReason(char c) {
  if (c == '\n') return "a line ends with LF alone";
  if (c == '\0') return "NUL byte in the head of the message";
  return "control byte in the head of the message";
}

}  // namespace

#ifdef __SSE2__
namespace {

// One bit for each of the sixteen bytes that is below 0x20 or is 0x7f.
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

void SectionScanner::BeginHead() { Begin(State::kLine, true); }
void SectionScanner::BeginTrailers() { Begin(State::kLineStart, false); }

void SectionScanner::Begin(State state, bool start_line) {
  state_ = state;
  start_line_ = start_line;
  bytes_ = 0;
  fields_ = 0;
}

SectionScanner::Outcome SectionScanner::Scan(std::string_view bytes) {
  // One byte more than the limit proves that it is exceeded.
  const size_t room = limits_.header_bytes - bytes_;
  Outcome outcome = Step(bytes.substr(0, room), 0);
  bytes_ += outcome.consumed;
  if (outcome.event == Event::kMore && bytes.size() > room) {
    return Error("header section too large", 431);
  }
  return outcome;
}

bool SectionScanner::Skip(size_t bytes) {
  if (fields_ == limits_.header_count || bytes > limits_.header_bytes - bytes_) return false;
  ++fields_;
  bytes_ += bytes;
  return true;
}

SectionScanner::Outcome SectionScanner::Step(std::string_view bytes, size_t at) {
  while (at < bytes.size()) {
    const char c = bytes[at];
    switch (state_) {
      case State::kLineStart:
        if (c == '\r') {
          state_ = State::kEndLf;
          ++at;
          break;
        }
        if (c == ' ' || c == '\t') return Error("header line folding");
        if (c == ':') return Error("empty header name");
        if (fields_ == limits_.header_count) return Error("too many header fields", 431);
        ++fields_;
        state_ = State::kLine;
        break;
      case State::kLine:
        at += PlainPrefix(bytes.substr(at));
        if (at == bytes.size()) break;
        if (bytes[at] == '\r') {
          state_ = State::kLineLf;
        } else if (bytes[at] != '\t' || start_line_) {
          return Error(ControlReason(bytes[at]));
        }
        ++at;
        break;
      case State::kLineLf:
        if (c != '\n') return Error("CR without LF");
        state_ = State::kLineStart;
        ++at;
        if (start_line_) {
          start_line_ = false;
          return {Event::kStartLineEnd, at, {}};
        }
        return {Event::kLineEnd, at, {}};
      case State::kEndLf:
        if (c != '\n') return Error("CR without LF");
        ++at;
        return {Event::kEnd, at, {}};
    }
  }
  return {Event::kMore, at, {}};
}

}  // namespace mantlet::http1
