#include "proxy/identity/rfc9440.h"

#include "proxy/identity/encoding.h"

namespace mantlet::identity {

std::string ClientCertValue(std::string_view der) { return ":" + Base64(der) + ":"; }

std::string ClientCertChainValue(const std::vector<std::string>& chain_der) {
  std::string value;
  for (const std::string& der : chain_der) {
    if (!value.empty()) value += ", ";
    value += ClientCertValue(der);
  }
  return value;
}

}  // namespace mantlet::identity
