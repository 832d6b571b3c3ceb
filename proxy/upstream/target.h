// Target is an upstream of the configuration with its current addresses. It is immutable and
// shared; when the addresses of a host name change, a new Target is created.

#ifndef MANTLET_PROXY_UPSTREAM_TARGET_H_
#define MANTLET_PROXY_UPSTREAM_TARGET_H_

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "proxy/io/socket_address.h"

namespace mantlet::upstream {

struct Target {
  config::Upstream config;
  // The addresses, in the order in which they are tried. If there are none, requests wait for the
  // first lookup, or fail if `unresolved` is set.
  std::vector<io::SocketAddress> addresses;
  std::string address_text;     // for logs: the text of the configuration
  bool named = false;           // the addresses come from a host name and may change
  std::string unresolved = {};  // why the last lookup failed, for the log; empty if none has failed
};

using TargetPtr = std::shared_ptr<const Target>;

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_TARGET_H_
