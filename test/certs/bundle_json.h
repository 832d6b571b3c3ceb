// SPIFFE bundles as JSON, for tests.

#ifndef MANTLET_TEST_CERTS_BUNDLE_JSON_H_
#define MANTLET_TEST_CERTS_BUNDLE_JSON_H_

#include <initializer_list>
#include <string>

#include "absl/strings/escaping.h"
#include "proxy/x509/certificate.h"

namespace mantlet::certs {

// Returns one key of a bundle with only the required members.
inline std::string KeyJson(const x509::Certificate& authority) {
  return R"({"kty":"EC","use":"x509-svid","x5c":[")" + absl::Base64Escape(authority.der()) +
         R"("]})";
}

inline std::string KeysJson(std::initializer_list<std::string> keys) {
  std::string json = R"({"keys":[)";
  for (const std::string& key : keys) {
    if (json.back() != '[') json += ',';
    json += key;
  }
  return json + "]}";
}

}  // namespace mantlet::certs

#endif  // MANTLET_TEST_CERTS_BUNDLE_JSON_H_
