// RunEcho is a test application: it answers each request with the request itself.

#ifndef MANTLET_PROXY_SERVER_ECHO_H_
#define MANTLET_PROXY_SERVER_ECHO_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "config/config.h"

namespace mantlet::server {

// Serves plaintext HTTP/1.1 at the local `address` until a signal that ends the process (SIGTERM,
// SIGINT). `on_listening` is called once with the bound address, in which port 0 is replaced. Each
// response is the request line, the header fields and the body of the request, as text.
absl::Status RunEcho(const config::Address& address,
                     const std::function<void(const std::string& address)>& on_listening);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_ECHO_H_
