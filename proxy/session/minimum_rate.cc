#include "proxy/session/minimum_rate.h"

#include <algorithm>

namespace mantlet::session {

using base::ErrorReason;
using base::ProxyError;

bool ReachesRate(uint64_t bytes, uint64_t rate, config::Milliseconds period, size_t sharers) {
  constexpr uint64_t kMsPerSecond = 1000;
  const uint64_t all = rate * static_cast<uint64_t>(period.count()) / kMsPerSecond;
  return bytes >= all / std::max<size_t>(sharers, 1);
}

std::optional<ProxyError> SendingFault(const config::Listener& listener, uint64_t bytes,
                                       size_t sharers) {
  if (ReachesRate(bytes, listener.limits.min_request_rate, listener.timeouts.body, sharers)) {
    return std::nullopt;
  }
  return ProxyError(ErrorReason::kRequestTooSlow,
                    "the content of the request came more slowly than "
                    "listeners[].limits.min_request_rate, over listeners[].timeouts.body");
}

std::optional<ProxyError> ReadingFault(const config::Listener& listener, uint64_t bytes,
                                       size_t sharers) {
  if (ReachesRate(bytes, listener.limits.min_response_rate, listener.timeouts.write, sharers)) {
    return std::nullopt;
  }
  return ProxyError(ErrorReason::kClientTooSlow,
                    "the client read more slowly than listeners[].limits.min_response_rate, over "
                    "listeners[].timeouts.write");
}

}  // namespace mantlet::session
