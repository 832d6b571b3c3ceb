// Formats dates for operators: "2027-01-15 08:00:00 UTC" and "in 12 days".

#ifndef MANTLET_CERTS_TIME_TEXT_H_
#define MANTLET_CERTS_TIME_TEXT_H_

#include <cstdint>
#include <string>

namespace mantlet::certs {

// Returns "in 12 days", "3 days ago", "in 5 hours" or "now" for times in seconds since the epoch.
// Rounded down, so that "in 1 day" means at least one day.
std::string RelativeTime(int64_t when, int64_t now);

// Returns e.g. "2027-01-15 08:00:00 UTC".
std::string DateTime(int64_t when);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_TIME_TEXT_H_
