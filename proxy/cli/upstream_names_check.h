// CheckUpstreamNames finds names of upstreams that have no address now, for `mantlet check`. A
// warning for each, because `run` starts without an address and resolves the name again.

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

// Looks up all names at once and waits `limit` for the answers. Runs `loop`, on which `lookup`
// calls back, until then.
std::vector<config::Diagnostic> CheckUpstreamNames(const config::Config& config, io::Loop& loop,
                                                   io::NameLookup& lookup,
                                                   config::Milliseconds limit);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_UPSTREAM_NAMES_CHECK_H_
