// ExtractIdentity reads from a presented chain what it states about the client, as plain
// values. Pure; any thread. It verifies nothing: whether the chain is valid is
// ChainVerifier's verdict.

#ifndef MANTLET_PROXY_VERIFY_IDENTITY_EXTRACTOR_H_
#define MANTLET_PROXY_VERIFY_IDENTITY_EXTRACTOR_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "proxy/identity/peer_identity.h"
#include "proxy/verify/presented_chain.h"

namespace mantlet::verify {

// Never fails: a name that cannot be decoded shows as RFC 2253's #hex form, a
// SAN keeps its bytes, NULs and all. `spiffe_id` is set only if there is exactly
// one URI SAN and it is a well-formed SPIFFE ID with a path (X509-SVID, 2 and 3.1).
identity::ClientCertificate ExtractIdentity(const PresentedChain& chain);

// The same from DER, leaf first; fails where PresentedChain::Parse does.
absl::StatusOr<identity::ClientCertificate> ExtractIdentity(
    absl::Span<const std::string_view> ders);

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_IDENTITY_EXTRACTOR_H_
