#include "proxy/base/ip_address.h"

#include <arpa/inet.h>

namespace mantlet::base {

bool IsIpAddress(const std::string& text) {
  in6_addr address;  // has room for both
  return inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

}  // namespace mantlet::base
