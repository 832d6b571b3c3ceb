// SPIFFE IDs (SPIFFE-ID, section 2): spiffe://TRUST-DOMAIN/PATH. Pure; any thread.
//
// One spelling for each identity, so that IDs can be compared byte by byte: the
// standard says both that scheme and trust domain are lower case (2.1) and that
// readers ignore their case (2.4); we refuse what is not lower case, as the other
// implementations do, instead of changing what a certificate says.

#ifndef MANTLET_PROXY_PATTERN_SPIFFE_ID_H_
#define MANTLET_PROXY_PATTERN_SPIFFE_ID_H_

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mantlet::pattern {

inline constexpr size_t kMaxSpiffeIdBytes = 2048;
inline constexpr size_t kMaxTrustDomainBytes = 255;

// Views of the text that was parsed.
struct SpiffeId {
  std::string_view trust_domain;
  // With its leading slash, "/ns/prod/sa/web". Empty: the ID is the trust domain's
  // own, which a CA may have, but no client (X509-SVID, 3.1).
  std::string_view path;
};

// The error's message says what is wrong, without repeating `text`.
absl::StatusOr<SpiffeId> ParseSpiffeId(std::string_view text);

// Whether `name` may be a trust domain, written without "spiffe://".
absl::Status CheckTrustDomain(std::string_view name);

// Whether a URI means to be a SPIFFE ID, well-formed or not: its scheme is spiffe
// in any letter case, and as lenient readers see it, who skip blanks and control
// bytes. What claims to be one must never pass as something else.
bool ClaimsToBeSpiffeId(std::string_view uri);

}  // namespace mantlet::pattern

#endif  // MANTLET_PROXY_PATTERN_SPIFFE_ID_H_
