// The trace of a request: the field `traceparent` of W3C Trace Context, section 3.2. Pure.

#ifndef MANTLET_PROXY_HTTP_TRACE_CONTEXT_H_
#define MANTLET_PROXY_HTTP_TRACE_CONTEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mantlet::http {

struct TraceId {
  uint64_t high = 0;
  uint64_t low = 0;
  bool operator==(const TraceId&) const = default;
};

// Returns the trace of a `traceparent` whose flags say that it is recorded; nullopt if it is not,
// or if the value is malformed.
std::optional<TraceId> ParseSampledTrace(std::string_view traceparent);

// Returns the trace as `traceparent` has it: 32 hexadecimal digits.
std::string ToString(const TraceId& trace);

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_TRACE_CONTEXT_H_
