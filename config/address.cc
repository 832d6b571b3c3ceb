#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
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
  return absl::StrFormat(v6 ? "[%s]:%d" : "%s:%d", address.host, address.port);
}

}  // namespace mantlet::config
