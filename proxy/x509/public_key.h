// PublicKey describes a key in text, and whether it is too weak to be accepted. The library has no
// security levels, so the limits are defined here.

#ifndef MANTLET_PROXY_X509_PUBLIC_KEY_H_
#define MANTLET_PROXY_X509_PUBLIC_KEY_H_

#include <string>

struct ec_key_st;    // openssl's EC_KEY
struct evp_pkey_st;  // openssl's EVP_PKEY

namespace mantlet::x509 {

enum class KeyKind { kRsa, kEcdsa, kEd25519, kOther };

struct PublicKey {
  KeyKind kind = KeyKind::kOther;
  int bits = 0;             // RSA modulus or curve size; 0 if the library cannot read the key
  std::string text;         // "RSA 2048", "ECDSA P-256", "Ed25519", "unknown"
  std::string spki_sha256;  // lower-case hex of the SubjectPublicKeyInfo's digest
  // Why this key is rejected (RSA below 2048 bits, a curve below P-256, an unsupported kind); empty
  // if it is accepted.
  std::string weakness;
};

// `key` may be null for a key that the library could not read. spki_sha256 stays empty; the caller
// has the bytes.
PublicKey DescribeKey(const evp_pkey_st* key);

// Returns whether the key is RSA, ECDSA or Ed25519. Keys of other kinds must not be passed to the
// library.
bool IsKnownKind(const evp_pkey_st* key);

// Returns the usual name of a key's curve, e.g. "P-256" (X9.62 has other names), or null for an
// unknown curve.
const char* CurveName(const ec_key_st* key);

// Returns whether the key is too weak, without the description, for the handshake.
bool IsWeakKey(const evp_pkey_st* key);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_PUBLIC_KEY_H_
