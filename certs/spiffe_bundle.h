// Parses SPIFFE bundles and bundle maps ("SPIFFE Trust Domain and Bundle", sections 4 and 5;
// X509-SVID, section 6.2), which are JWK Sets in JSON. Pure.

#ifndef MANTLET_CERTS_SPIFFE_BUNDLE_H_
#define MANTLET_CERTS_SPIFFE_BUNDLE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/x509/certificate.h"

namespace mantlet::certs {

struct SpiffeBundle {
  struct Authority {
    x509::CertificatePtr certificate;
    std::string where;  // "keys[2]"
  };
  // The X.509 authorities, in file order. If there are none, all clients of the trust domain are
  // rejected: its keys were revoked or are of an unsupported kind.
  std::vector<Authority> authorities;
  std::optional<uint64_t> sequence;      // spiffe_sequence
  std::optional<uint64_t> refresh_hint;  // spiffe_refresh_hint in seconds; files are polled anyway
};

// Rejects a damaged bundle as a whole: an x509-svid key whose first x5c entry is not a certificate,
// or is the certificate of another key than the one in the entry. As the standard requires, it
// ignores keys of other uses and kinds, keys without x5c, and unknown names. Messages name the key.
absl::StatusOr<SpiffeBundle> ParseSpiffeBundle(std::string_view json);

// The bundles by trust domain.
using SpiffeBundles = std::map<std::string, SpiffeBundle>;
absl::StatusOr<SpiffeBundles> ParseSpiffeBundleMap(std::string_view json);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_SPIFFE_BUNDLE_H_
