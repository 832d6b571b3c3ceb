// PostToAdmin sends a request to the admin endpoint of a running process, for `mantlet reload` and
// `mantlet drain`. Blocks.

#ifndef MANTLET_PROXY_SERVER_ADMIN_CLIENT_H_
#define MANTLET_PROXY_SERVER_ADMIN_CLIENT_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "config/config.h"

namespace mantlet::server {

struct AdminReply {
  int status = 0;    // of HTTP
  std::string text;  // the body, without the newline at its end
};

// Sends a POST for `path` ("/reload") to the endpoint at `address` and waits up to five minutes for
// the response. Returns Unavailable if nothing listens there or the response is not HTTP.
absl::StatusOr<AdminReply> PostToAdmin(const config::Address& address, std::string_view path);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_ADMIN_CLIENT_H_
