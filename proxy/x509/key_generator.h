// GenerateKey generates a new private key of the given type.

#ifndef MANTLET_PROXY_X509_KEY_GENERATOR_H_
#define MANTLET_PROXY_X509_KEY_GENERATOR_H_

#include "absl/status/statusor.h"
#include "proxy/x509/private_key.h"

namespace mantlet::x509 {

// The last two are too weak to be accepted; they are for tests.
enum class KeyType { kP256, kP384, kEd25519, kRsa2048, kRsa1024, kP224 };

absl::StatusOr<PrivateKeyPtr> GenerateKey(KeyType type);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_KEY_GENERATOR_H_
