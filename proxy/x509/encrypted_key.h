// Decrypts private keys in forms that the library does not support: PKCS#8 with a key derivation by
// scrypt or by PBKDF2 with SHA-384 or SHA-512, and the PEM encryption of RFC 1421 in OpenSSL's form
// (`openssl genrsa -aes256 -traditional`). Pure.

#ifndef MANTLET_PROXY_X509_ENCRYPTED_KEY_H_
#define MANTLET_PROXY_X509_ENCRYPTED_KEY_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace mantlet::x509 {

// `der` is an EncryptedPrivateKeyInfo with PBES2 (RFC 8018 section 6.2, RFC 7914 section 7) and
// AES-CBC. Returns the DER of the PrivateKeyInfo, which the caller must wipe. Returns
// Unauthenticated if the passphrase is wrong or the encrypted data is damaged: the two cannot be
// distinguished. The work that a file can cause is bounded.
absl::StatusOr<std::string> DecryptPbes2(std::string_view der, std::string_view passphrase);

// `dek_info` is the value of the header, "AES-256-CBC,0011…". Supports AES and triple DES.
absl::StatusOr<std::string> DecryptOldPem(std::string_view dek_info, std::string_view bytes,
                                          std::string_view passphrase);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_ENCRYPTED_KEY_H_
