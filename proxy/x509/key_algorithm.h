// Names the kinds of keys that are not supported. Most are known to few libraries, and "unknown"
// would not help an operator.

#ifndef MANTLET_PROXY_X509_KEY_ALGORITHM_H_
#define MANTLET_PROXY_X509_KEY_ALGORITHM_H_

#include <string>
#include <string_view>

namespace mantlet::x509 {

// `algorithm`: the content of an AlgorithmIdentifier, as a PrivateKeyInfo or a
// SubjectPublicKeyInfo has it. "RSA-PSS", "Ed448", "ECDSA secp256k1", "X25519", ...; ""
// for RSA, Ed25519 and the curves that are supported; else "kind 1.2.3".
std::string UnsupportedKind(std::string_view algorithm);

// The same of a SubjectPublicKeyInfo.
std::string UnsupportedKindOfSpki(std::string_view spki);

// "RSA-PSS keys are not supported; make an RSA key (rsaEncryption)", and how.
std::string UnsupportedKindText(const std::string& kind);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_KEY_ALGORITHM_H_
