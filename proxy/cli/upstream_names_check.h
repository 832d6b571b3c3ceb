// CheckUpstreamNames finds upstreams whose names currently have no address, for `mantlet check`.
// Each is a warning, because `run` starts without an address and resolves the name again.

#ifndef MANTLET_PROXY_CLI_UPSTREAM_NAMES_CHECK_H_
#define MANTLET_PROXY_CLI_UPSTREAM_NAMES_CHECK_H_

#include <functional>
#include <memory>
#include <vector>

#include "config/config.h"
#include "config/diagnostic.h"
#include "proxy/io/loop.h"
#include "proxy/io/name_lookup.h"

namespace mantlet::cli {

// Looks up all names at the same time and waits for the answers for at most `limit`. Meanwhile it
// runs `loop`, on which `lookup` calls back.
std::vector<config::Diagnostic> CheckUpstreamNames(const config::Config& config, io::Loop& loop,
                                                   io::NameLookup& lookup,
                                                   config::Milliseconds limit);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_UPSTREAM_NAMES_CHECK_H_
