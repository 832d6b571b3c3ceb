// The least rates at which a client has to send and to read (limits.min_request_rate,
// min_response_rate). A deadline that each byte starts again can be held off for ever with one byte
// at a time; a rate over the time of that deadline cannot. The rate is averaged over the deadline
// itself, so that a client that is silent for nearly as long is still served if it then goes on.
//
// Only the time counts in which the client is waited for: the callers begin anew after each pause.
// Pure functions; any thread.

#ifndef MANTLET_PROXY_SESSION_MINIMUM_RATE_H_
#define MANTLET_PROXY_SESSION_MINIMUM_RATE_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "config/config.h"
#include "proxy/base/proxy_error.h"

namespace mantlet::session {

// Returns whether `bytes` within `period` reach `rate`, in bytes per second, of which `sharers`
// messages of one connection have equal parts.
bool ReachesRate(uint64_t bytes, uint64_t rate, config::Milliseconds period, size_t sharers);

// Returns why a client is cut that has sent `bytes` of content within timeouts.body; nullopt if it
// is fast enough.
std::optional<base::ProxyError> SendingFault(const config::Listener& listener, uint64_t bytes,
                                             size_t sharers);
// The same for a client that has read `bytes` within timeouts.write.
std::optional<base::ProxyError> ReadingFault(const config::Listener& listener, uint64_t bytes,
                                             size_t sharers);

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_MINIMUM_RATE_H_
