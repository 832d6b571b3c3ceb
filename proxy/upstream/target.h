// An upstream of the configuration with its addresses resolved: immutable, shared.

#ifndef MANTLET_PROXY_UPSTREAM_TARGET_H_
#define MANTLET_PROXY_UPSTREAM_TARGET_H_

#include <string>
#include <vector>

#include "config/config.h"
#include "proxy/io/socket_address.h"

namespace mantlet::upstream {

struct Target {
  config::Upstream config;
  std::vector<io::SocketAddress> addresses;  // at least one; tried in this order
  std::string address_text;                  // for logs: as the configuration writes it
};

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_TARGET_H_
