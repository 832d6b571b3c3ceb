#include "proxy/http/trace_context.h"

#include "absl/strings/str_cat.h"

namespace mantlet::http {
namespace {

// Reads a number of lowercase hexadecimal digits, of which there are at most 16.
std::optional<uint64_t> ReadHex(std::string_view digits) {
  uint64_t value = 0;
  for (const char c : digits) {
    const bool decimal = c >= '0' && c <= '9';
    if (!decimal && (c < 'a' || c > 'f')) return std::nullopt;
    value = value << 4 | static_cast<uint64_t>(decimal ? c - '0' : c - 'a' + 10);
  }
  return value;
}

}  // namespace

// version "-" trace-id "-" parent-id "-" trace-flags; a later version may add "-" and more.
std::optional<TraceId> ParseSampledTrace(std::string_view traceparent) {
  constexpr size_t kSize = 55;
  if (traceparent.size() < kSize) return std::nullopt;
  if (traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-') {
    return std::nullopt;
  }
  const auto version = ReadHex(traceparent.substr(0, 2));
  const auto high = ReadHex(traceparent.substr(3, 16));
  const auto low = ReadHex(traceparent.substr(19, 16));
  const auto parent = ReadHex(traceparent.substr(36, 16));
  const auto flags = ReadHex(traceparent.substr(53, 2));
  if (!version || !high || !low || !parent || !flags) return std::nullopt;
  constexpr uint64_t kInvalidVersion = 0xff;
  if (*version == kInvalidVersion || (*high | *low) == 0 || *parent == 0) return std::nullopt;
  if (traceparent.size() > kSize && (*version == 0 || traceparent[kSize] != '-')) {
    return std::nullopt;
  }
  constexpr uint64_t kSampled = 1;
  if ((*flags & kSampled) == 0) return std::nullopt;
  return TraceId{*high, *low};
}

std::string ToString(const TraceId& trace) {
  return absl::StrCat(absl::Hex(trace.high, absl::kZeroPad16),
                      absl::Hex(trace.low, absl::kZeroPad16));
}

}  // namespace mantlet::http
