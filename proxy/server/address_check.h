// CheckAddresses checks the addresses and groups of a configuration against this machine, before
// anything is bound. It resolves the host names of listeners, and so it may block. For `mantlet
// check`.

#ifndef MANTLET_PROXY_SERVER_ADDRESS_CHECK_H_
#define MANTLET_PROXY_SERVER_ADDRESS_CHECK_H_

#include <vector>

#include "config/config.h"
#include "config/diagnostic.h"

namespace mantlet::server {

// Returns an error for each of these:
// - addresses that are written differently and cannot be bound together: a host name and its
// address, one Unix path through a symbolic link;
// - names that cannot be resolved;
// - groups of socket_group that this machine does not have.
std::vector<config::Diagnostic> CheckAddresses(const config::Config& config);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_ADDRESS_CHECK_H_
