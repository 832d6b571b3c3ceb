// ExtractIdentity reads the client's identity from a presented chain as plain values. Pure; any
// thread. It verifies nothing: use ChainVerifier to verify the chain.

#ifndef MANTLET_PROXY_VERIFY_IDENTITY_EXTRACTOR_H_
#define MANTLET_PROXY_VERIFY_IDENTITY_EXTRACTOR_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "proxy/identity/peer_identity.h"
#include "proxy/verify/presented_chain.h"

namespace mantlet::verify {

// Never fails: a name that cannot be decoded is returned in RFC 2253's #hex form, and a SAN keeps
// all its bytes, including NULs. `spiffe_id` is set only if there is exactly one URI SAN and it is
// a well-formed SPIFFE ID with a path (X509-SVID, 2 and 3.1).
identity::ClientCertificate ExtractIdentity(const PresentedChain& chain);

// Extracts it from DER, leaf first. Fails if PresentedChain::Parse fails.
absl::StatusOr<identity::ClientCertificate> ExtractIdentity(
    absl::Span<const std::string_view> ders);

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_IDENTITY_EXTRACTOR_H_
