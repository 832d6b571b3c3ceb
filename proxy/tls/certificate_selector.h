// Which server certificate a name asks for: an exact match first, then a
// wildcard that covers one label (RFC 9525 section 6.3), otherwise none. Names
// are compared in lower case. Pure and immutable; any thread.

#ifndef MANTLET_PROXY_TLS_CERTIFICATE_SELECTOR_H_
#define MANTLET_PROXY_TLS_CERTIFICATE_SELECTOR_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace mantlet::tls {

class CertificateSelector {
 public:
  // `names[i]` are the names of certificate i, lower case, wildcards as
  // "*.example.com". Of two certificates with one name the first is chosen.
  explicit CertificateSelector(const std::vector<std::vector<std::string>>& names);

  // `name` in lower case, without port and trailing dot.
  std::optional<size_t> Find(std::string_view name) const;

 private:
  absl::flat_hash_map<std::string, size_t> exact_;
  absl::flat_hash_map<std::string, size_t> wildcard_;  // "example.com" for "*.example.com"
};

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_CERTIFICATE_SELECTOR_H_
