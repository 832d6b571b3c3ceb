// VerifiableKeys returns which server certificates a client can verify. It reads
// signature_algorithms from the ClientHello, and for TLS 1.2 also the cipher suites and
// supported_groups (RFC 5246 section 7.4.2, RFC 8422 section 5.1, RFC 8446 section 4.4.2.2). Pure;
// the bytes come from the peer and may be malformed.

#ifndef MANTLET_PROXY_TLS_CLIENT_OFFER_H_
#define MANTLET_PROXY_TLS_CLIENT_OFFER_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "proxy/x509/leaf_key.h"

namespace mantlet::tls {

// ClientOffer holds bytes of a ClientHello: the list of cipher suites, and the bodies of the
// extensions that are present.
struct ClientOffer {
  std::string_view cipher_suites;
  std::optional<std::string_view> signature_algorithms;
  std::optional<std::string_view> supported_groups;
  std::optional<std::string_view> supported_versions;
};

// ServerCapabilities holds the parameters that the server would negotiate.
struct ServerCapabilities {
  bool tls12 = true;
  bool tls13 = true;
  // TLS 1.2 suites by the kind of key they need; Ed25519 uses the suites of ECDSA.
  std::vector<uint16_t> ecdsa_suites;
  std::vector<uint16_t> rsa_suites;
};

// Returns the keys whose certificates this client can verify, in the version that the handshake
// will have. Empty if there are none or if the bytes are malformed; then the library makes the
// handshake fail.
x509::LeafKeySet VerifiableKeys(const ClientOffer& offer, const ServerCapabilities& server);

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_CLIENT_OFFER_H_
