// BuildInfo holds the versions of this binary and of its libraries, for `mantlet version` and the
// metric mantlet_build_info.

#ifndef MANTLET_PROXY_SERVER_BUILD_INFO_H_
#define MANTLET_PROXY_SERVER_BUILD_INFO_H_

#include <string>
#include <utility>
#include <vector>

namespace mantlet::server {

struct BuildInfo {
  std::string version;  // "0.1.0"
  std::string commit;   // "0123456789ab", "…-dirty", or "unknown"
  std::vector<std::pair<std::string, std::string>> libraries;  // {"libuv", "1.44.2"}, …
};

BuildInfo ThisBuild();

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_BUILD_INFO_H_
