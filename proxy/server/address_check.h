// What a configuration asks of this machine's addresses and groups, found before anything is
// bound. Resolves the names that listeners have, so it may block; for `mantlet check`.

#ifndef MANTLET_PROXY_SERVER_ADDRESS_CHECK_H_
#define MANTLET_PROXY_SERVER_ADDRESS_CHECK_H_

#include <vector>

#include "config/config.h"
#include "config/diagnostic.h"

namespace mantlet::server {

// Errors for:
// - addresses that are different as written and cannot be listened on together: a host name and
//   the address it has, one Unix path through a symbolic link;
// - names that cannot be resolved;
// - groups of socket_group that this machine does not have.
std::vector<config::Diagnostic> CheckAddresses(const config::Config& config);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_ADDRESS_CHECK_H_
