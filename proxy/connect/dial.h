// Dial connects to a server over TCP, as a client would. Blocking; any thread.

#ifndef MANTLET_PROXY_CONNECT_DIAL_H_
#define MANTLET_PROXY_CONNECT_DIAL_H_

#include <string>

#include "absl/status/statusor.h"
#include "proxy/connect/report.h"
#include "proxy/io/file_descriptor.h"

namespace mantlet::connect {

struct Target {
  std::string host;  // a name or an address, without brackets
  std::string port;
};

// Parses "host:port", "[v6]:port" or "host" (port 443).
absl::StatusOr<Target> ParseTarget(const std::string& text);

// Resolves the name and tries its addresses in turn, each for `timeout_ms`. Returns a socket that
// does not block; an empty one after a failure, which is in `report`.
io::FileDescriptor Dial(const Target& target, int timeout_ms, Report& report);

}  // namespace mantlet::connect

#endif  // MANTLET_PROXY_CONNECT_DIAL_H_
