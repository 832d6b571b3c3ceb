// Which of the addresses that a configuration listens on get in each other's way. Pure: addresses
// are compared as they are written, host names are not resolved and links not followed.

#ifndef MANTLET_CONFIG_ADDRESS_OVERLAP_H_
#define MANTLET_CONFIG_ADDRESS_OVERLAP_H_

#include <string>
#include <vector>

#include "config/config.h"

namespace mantlet::config {

// An address that is listened on, and its place in the configuration.
struct BoundAddress {
  Address address;
  std::string path;  // "listeners[0].address", "metrics.address"
};
// Listeners in their order, then the endpoints. Left out: addresses that are not set, and port 0,
// which takes a free one.
std::vector<BoundAddress> BoundAddresses(const Config& config);

// Whether a TCP address is an IP address and no host name.
bool IsLiteral(const Address& address);

enum class Overlap {
  kNone,
  kSame,     // two ways to write one address
  kCovered,  // one of the two is a wildcard that takes the other in
};
// IPv4-mapped IPv6 addresses are IPv4 addresses. An IPv6 wildcard does not cover IPv4 addresses:
// beside them it is for IPv6 only (IsV6Only).
Overlap Compare(const Address& a, const Address& b);

// Whether `address` is the IPv6 wildcard and `config` has an IPv4 address on the same port, so
// that the two share it.
bool IsV6Only(const Config& config, const Address& address);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_ADDRESS_OVERLAP_H_
