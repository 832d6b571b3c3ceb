// CheckClient verifies a client's chain and extracts the client's identity. The chain comes from a
// full handshake, from a session to be resumed, or from an open connection that is revalidated.
// Pure; any thread.

#ifndef MANTLET_PROXY_VERIFY_CLIENT_CHECK_H_
#define MANTLET_PROXY_VERIFY_CLIENT_CHECK_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "proxy/identity/peer_identity.h"
#include "proxy/verify/client_verifier.h"
#include "proxy/verify/verify_result.h"

namespace mantlet::verify {

struct ClientCheck {
  VerifyResult verdict;
  // Null unless the chain is valid.
  std::shared_ptr<const identity::ClientCertificate> certificate;
};

// `ders` has the leaf first. `now` is in seconds since the epoch.
ClientCheck CheckClient(const ClientVerifier& verifier, absl::Span<const std::string_view> ders,
                        int64_t now);
// Returns only the verdict, for a chain whose identity is already known.
VerifyResult Reverify(const ClientVerifier& verifier, absl::Span<const std::string_view> ders,
                      int64_t now, Expired expired);

// Returns the presented chain of the certificate, leaf first, as views of its bytes.
std::vector<std::string_view> DersOf(const identity::ClientCertificate& certificate);

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_CLIENT_CHECK_H_
