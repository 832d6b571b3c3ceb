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
  // The X.509 authorities, in file order. None: everything of the trust domain is
  // to be refused, whether its keys were revoked or are of a kind we do not know.
  std::vector<Authority> authorities;
  std::optional<uint64_t> sequence;      // spiffe_sequence
  std::optional<uint64_t> refresh_hint;  // spiffe_refresh_hint, seconds; files are polled anyway
};

// Refuses as a whole what is damaged: an x509-svid key whose first x5c entry is no
// certificate, or the certificate of another key than the entry spells out. As the
// standard asks, ignores keys of other uses and kinds, keys without x5c, and names
// it does not know. Messages name the key.
absl::StatusOr<SpiffeBundle> ParseSpiffeBundle(std::string_view json);

// By trust domain.
using SpiffeBundles = std::map<std::string, SpiffeBundle>;
absl::StatusOr<SpiffeBundles> ParseSpiffeBundleMap(std::string_view json);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_SPIFFE_BUNDLE_H_
