// What `mantlet check` says about names of upstreams: whether they have an address now.
// A warning, because `run` starts without and keeps asking.

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

// Asks for all names at once and waits `limit` for the answers. `loop` is the one that
// `lookup` answers on; it is run until then.
std::vector<config::Diagnostic> CheckUpstreamNames(const config::Config& config, io::Loop& loop,
                                                   io::NameLookup& lookup,
                                                   config::Milliseconds limit);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_UPSTREAM_NAMES_CHECK_H_
