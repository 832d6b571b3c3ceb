// Detects listening addresses of a configuration that conflict with each other. Pure: addresses are
// compared as written; host names are not resolved and symbolic links are not followed.

#ifndef MANTLET_CONFIG_ADDRESS_OVERLAP_H_
#define MANTLET_CONFIG_ADDRESS_OVERLAP_H_

#include <string>
#include <vector>

#include "config/config.h"

namespace mantlet::config {

// A listening address and its path in the configuration.
struct BoundAddress {
  Address address;
  std::string path;  // "listeners[0].address", "metrics.address"
};
// BoundAddresses returns the addresses of all listeners in their order, then those of the
// endpoints and the upgrade socket. It omits addresses that are not set, and port 0, for which the
// kernel chooses a free port.
std::vector<BoundAddress> BoundAddresses(const Config& config);

// UpgradeAddress returns the address of the upgrade socket; without a path if there is none.
Address UpgradeAddress(const Config& config);

// IsLiteral returns whether the host of a TCP address is an IP address and not a name.
bool IsLiteral(const Address& address);

enum class Overlap {
  kNone,
  kSame,     // two spellings of one address
  kCovered,  // one of the two is a wildcard that includes the other
};
// Compare treats IPv4-mapped IPv6 addresses as IPv4 addresses. An IPv6 wildcard does not cover IPv4
// addresses: beside them its socket is IPv6-only (IsV6Only).
Overlap Compare(const Address& a, const Address& b);

// IsV6Only returns whether `address` is the IPv6 wildcard and `config` has an IPv4 address on the
// same port, so that two sockets share the port.
bool IsV6Only(const Config& config, const Address& address);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_ADDRESS_OVERLAP_H_
