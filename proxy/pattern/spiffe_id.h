// Parses SPIFFE IDs (SPIFFE-ID, section 2): spiffe://TRUST-DOMAIN/PATH. Pure; any thread.
//
// Only one spelling of each identity is accepted, so that IDs can be compared byte by byte. The
// standard requires scheme and trust domain to be lower case (2.1), but also that readers ignore
// their case (2.4). Like other implementations, this parser rejects upper case instead of changing
// the ID.

#ifndef MANTLET_PROXY_PATTERN_SPIFFE_ID_H_
#define MANTLET_PROXY_PATTERN_SPIFFE_ID_H_

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mantlet::pattern {

inline constexpr size_t kMaxSpiffeIdBytes = 2048;
inline constexpr size_t kMaxTrustDomainBytes = 255;

// SpiffeId has views of the text that was parsed.
struct SpiffeId {
  std::string_view trust_domain;
  // With its leading slash, "/ns/prod/sa/web". Empty for the ID of the trust domain itself, which a
  // CA may have, but a client may not (X509-SVID, 3.1).
  std::string_view path;
};

// Returns an error that states why `text` is invalid, without repeating it.
absl::StatusOr<SpiffeId> ParseSpiffeId(std::string_view text);

// Returns an error if `name`, written without "spiffe://", is not a valid trust domain.
absl::Status CheckTrustDomain(std::string_view name);

// Returns whether a URI, well-formed or not, would be read as a SPIFFE ID: its scheme is spiffe in
// any letter case, also for lenient readers that skip blanks and control bytes. Such a URI must
// never be accepted as anything else.
bool ClaimsToBeSpiffeId(std::string_view uri);

}  // namespace mantlet::pattern

#endif  // MANTLET_PROXY_PATTERN_SPIFFE_ID_H_
