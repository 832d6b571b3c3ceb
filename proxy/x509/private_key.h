// PrivateKey is an RSA, ECDSA (P-256, P-384, P-521) or Ed25519 key. It is immutable and shared by
// all workers; the library may sign with one key in several threads. The key's bytes never appear
// in an error message.

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
  // PKCS#8 PrivateKeyInfo (version 2, RFC 5958, with its public half, too), PKCS#1
  // RSAPrivateKey or SEC1 ECPrivateKey.
  static absl::StatusOr<PrivateKeyPtr> FromDer(std::string_view der);
  // PKCS#8 EncryptedPrivateKeyInfo. A wrong passphrase is Unauthenticated.
  static absl::StatusOr<PrivateKeyPtr> FromEncryptedDer(std::string_view der,
                                                        std::string_view passphrase);
  // RFC 1421's encryption, as OpenSSL's traditional key files have it: the value of
  // the DEK-Info header and the decoded block.
  static absl::StatusOr<PrivateKeyPtr> FromOldPem(std::string_view dek_info, std::string_view bytes,
                                                  std::string_view passphrase);
  // Takes over one reference; null is not allowed.
  static PrivateKeyPtr FromPkey(evp_pkey_st* key);

  ~PrivateKey();
  PrivateKey(const PrivateKey&) = delete;
  PrivateKey& operator=(const PrivateKey&) = delete;

  bool Matches(const Certificate& certificate) const;
  const PublicKey& public_key() const { return public_key_; }  // kind, bits, text, weakness

  // PKCS#8.
  std::string ToDer() const;
  std::string ToPem() const;

  // For other files of this package, and for SSL_CTX. Stays ours.
  evp_pkey_st* pkey() const { return key_; }

 private:
  PrivateKey() = default;

  evp_pkey_st* key_ = nullptr;
  PublicKey public_key_;
};

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_PRIVATE_KEY_H_
