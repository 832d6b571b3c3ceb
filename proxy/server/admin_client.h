// Asks a running process over its admin endpoint: for `mantlet reload` and `mantlet drain`. Blocks.

#ifndef MANTLET_PROXY_SERVER_ADMIN_CLIENT_H_
#define MANTLET_PROXY_SERVER_ADMIN_CLIENT_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "config/config.h"

namespace mantlet::server {

struct AdminReply {
  int status = 0;    // of HTTP
  std::string text;  // the sentence, without the newline at its end
};

// POSTs to `path` ("/reload") of the endpoint at `address`. Waits for the answer up to five
// minutes. Unavailable: nobody answers there, or with something else than HTTP.
absl::StatusOr<AdminReply> PostToAdmin(const config::Address& address, std::string_view path);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_ADMIN_CLIENT_H_
