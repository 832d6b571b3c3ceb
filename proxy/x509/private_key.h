// PrivateKey is an RSA, ECDSA (P-256, P-384, P-521) or Ed25519 key. It is immutable and shared by
// all workers; the library may sign with one key in several threads. The bytes of the key never
// appear in an error message.

#ifndef MANTLET_PROXY_X509_PRIVATE_KEY_H_
#define MANTLET_PROXY_X509_PRIVATE_KEY_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "proxy/x509/certificate.h"

struct evp_pkey_st;  // openssl's EVP_PKEY

namespace mantlet::x509 {

class PrivateKey;
using PrivateKeyPtr = std::shared_ptr<const PrivateKey>;

class PrivateKey {
 public:
  // Parses a PKCS#8 PrivateKeyInfo (also version 2 with the public key, RFC 5958), a PKCS#1
  // RSAPrivateKey or a SEC1 ECPrivateKey.
  static absl::StatusOr<PrivateKeyPtr> FromDer(std::string_view der);
  // Parses a PKCS#8 EncryptedPrivateKeyInfo. A wrong passphrase is Unauthenticated.
  static absl::StatusOr<PrivateKeyPtr> FromEncryptedDer(std::string_view der,
                                                        std::string_view passphrase);
  // Parses a key with RFC 1421 encryption, as in OpenSSL's traditional key files, from the value of
  // the DEK-Info header and the decoded block.
  static absl::StatusOr<PrivateKeyPtr> FromOldPem(std::string_view dek_info, std::string_view bytes,
                                                  std::string_view passphrase);
  // Takes ownership of one reference, which must not be null.
  static PrivateKeyPtr FromPkey(evp_pkey_st* key);

  ~PrivateKey();
  PrivateKey(const PrivateKey&) = delete;
  PrivateKey& operator=(const PrivateKey&) = delete;

  bool Matches(const Certificate& certificate) const;
  const PublicKey& public_key() const { return public_key_; }  // kind, bits, text, weakness

  // Returns PKCS#8.
  std::string ToDer() const;
  std::string ToPem() const;

  // For other files of this package, and for SSL_CTX. Owned by this object.
  evp_pkey_st* pkey() const { return key_; }

 private:
  PrivateKey() = default;

  evp_pkey_st* key_ = nullptr;
  PublicKey public_key_;
};

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_PRIVATE_KEY_H_
