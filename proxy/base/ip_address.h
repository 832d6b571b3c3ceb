// Tells IP addresses from names. Pure; any thread.

#ifndef MANTLET_PROXY_BASE_IP_ADDRESS_H_
#define MANTLET_PROXY_BASE_IP_ADDRESS_H_

#include <string>

namespace mantlet::base {

// Returns whether `text` is an IPv4 or IPv6 address as inet_pton(3) reads it: without brackets and
// without a zone.
bool IsIpAddress(const std::string& text);

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_IP_ADDRESS_H_
