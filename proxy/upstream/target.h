// An upstream of the configuration with the addresses it has at the moment: immutable,
// shared. A name that gets other addresses gets another Target.

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
  // Tried in this order. Empty: none is known (yet), and requests wait, or are refused
  // if `unresolved` says why.
  std::vector<io::SocketAddress> addresses;
  std::string address_text;     // for logs: as the configuration writes it
  bool named = false;           // the addresses are a name's, and may change
  std::string unresolved = {};  // a sentence for the log; empty while nothing has failed
};

using TargetPtr = std::shared_ptr<const Target>;

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_TARGET_H_
