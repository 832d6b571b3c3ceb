// Names the unsupported kinds of keys, because "unknown" would not help an operator. Few libraries
// know most of them.

#ifndef MANTLET_PROXY_X509_KEY_ALGORITHM_H_
#define MANTLET_PROXY_X509_KEY_ALGORITHM_H_

#include <string>
#include <string_view>

namespace mantlet::x509 {

// `algorithm` is the content of an AlgorithmIdentifier of a PrivateKeyInfo or a
// SubjectPublicKeyInfo. Returns "RSA-PSS", "Ed448", "ECDSA secp256k1", "X25519", ...; "" for RSA,
// Ed25519 and the supported curves; "kind 1.2.3" for all others.
std::string UnsupportedKind(std::string_view algorithm);

// Returns the same for a SubjectPublicKeyInfo.
std::string UnsupportedKindOfSpki(std::string_view spki);

// Returns e.g. "RSA-PSS keys are not supported; make an RSA key (rsaEncryption)", with
// instructions.
std::string UnsupportedKindText(const std::string& kind);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_KEY_ALGORITHM_H_
