#include <string>

#include "absl/strings/str_cat.h"
#include "config/config.h"

namespace mantlet::config {

std::string ToString(const Address& address) {
  switch (address.kind) {
    case Address::Kind::kUnix:
      return absl::StrCat("unix:", address.path);
    case Address::Kind::kSystemd:
      return absl::StrCat("systemd:", address.path);
    case Address::Kind::kTcp:
      break;
  }
  const bool v6 = address.host.find(':') != std::string::npos;
  return absl::StrCat(v6 ? "[" : "", address.host, v6 ? "]:" : ":", address.port);
}

}  // namespace mantlet::config
