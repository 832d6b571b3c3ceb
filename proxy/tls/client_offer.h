// VerifiableKeys returns which server certificates a client can verify, from its
// ClientHello: signature_algorithms, and for TLS 1.2 the cipher suites and
// supported_groups, too (RFC 5246 section 7.4.2, RFC 8422 section 5.1, RFC 8446
// section 4.4.2.2). Pure; the bytes are the peer's and may be anything.

#ifndef MANTLET_PROXY_TLS_CLIENT_OFFER_H_
#define MANTLET_PROXY_TLS_CLIENT_OFFER_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "proxy/x509/leaf_key.h"

namespace mantlet::tls {

// Bytes of a ClientHello: the list of cipher suites, and the bodies of
// extensions as far as they are present.
struct ClientOffer {
  std::string_view cipher_suites;
  std::optional<std::string_view> signature_algorithms;
  std::optional<std::string_view> supported_groups;
  std::optional<std::string_view> supported_versions;
};

// What the server would negotiate.
struct ServerCapabilities {
  bool tls12 = true;
  bool tls13 = true;
  // TLS 1.2 suites by the kind of key they need; Ed25519 goes with ECDSA's.
  std::vector<uint16_t> ecdsa_suites;
  std::vector<uint16_t> rsa_suites;
};

// Returns the keys whose certificates this client can verify, in the version that the
// handshake will have. Empty if there are none, or if the bytes are malformed: then the
// handshake fails for a reason that the library finds.
x509::LeafKeySet VerifiableKeys(const ClientOffer& offer, const ServerCapabilities& server);

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_CLIENT_OFFER_H_
