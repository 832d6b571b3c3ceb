// Text output that several packages need: RFC 3339 times, durations, decimal numbers. Pure
// functions; any thread.

#ifndef MANTLET_PROXY_BASE_TEXT_H_
#define MANTLET_PROXY_BASE_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace mantlet::base {

// Returns e.g. "2027-01-15T08:00:00Z". Years outside 0000..9999 are clamped to that range.
std::string Rfc3339Seconds(int64_t unix_seconds);
// Appends e.g. "2027-01-15T08:00:00.123Z"; allocates nothing if `out` has room.
void AppendRfc3339Ms(int64_t unix_ms, std::string* out);

// Returns the exact duration in the syntax of the configuration: "250ms", "5s", "1m30s", "12h".
std::string DurationText(int64_t milliseconds);

// Appends microseconds as milliseconds with exactly three decimals: 1234 -> "1.234".
void AppendMicrosAsMs(int64_t microseconds, std::string* out);

// Appends decimal digits; allocates nothing if `out` has room.
void AppendDecimal(int64_t value, std::string* out);
void AppendDecimal(uint64_t value, std::string* out);

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_TEXT_H_
