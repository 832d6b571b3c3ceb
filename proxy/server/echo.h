// An application for trying things out: answers each request with what it got of it.

#ifndef MANTLET_PROXY_SERVER_ECHO_H_
#define MANTLET_PROXY_SERVER_ECHO_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "config/config.h"

namespace mantlet::server {

// Serves plaintext HTTP/1.1 at `address`, which is local, until SIGTERM, SIGINT or the like.
// `on_listening` is told the address once, with the port behind port 0. Each answer is the
// request line, the header fields and the body, as text.
absl::Status RunEcho(const config::Address& address,
                     const std::function<void(const std::string& address)>& on_listening);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_ECHO_H_
