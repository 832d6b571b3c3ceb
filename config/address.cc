#include <arpa/inet.h>

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
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
  return v6 ? absl::StrFormat("[%s]:%d", address.host, address.port)
            : absl::StrFormat("%s:%d", address.host, address.port);
}

bool IsLocal(const Address& address) {
  if (address.kind != Address::Kind::kTcp) return address.kind == Address::Kind::kUnix;
  in_addr v4;
  if (inet_pton(AF_INET, address.host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  const std::string host = absl::AsciiStrToLower(address.host);
  return host == "::1" || host == "localhost" || absl::StartsWith(host, "::ffff:127.");
}

}  // namespace mantlet::config
