// Decrypts private keys in the forms that the library does not support: PKCS#8 whose key is
// derived with scrypt or with PBKDF2 and SHA-384 or SHA-512, and the PEM encryption of RFC 1421 as
// OpenSSL writes it (`openssl genrsa -aes256 -traditional`). Pure.

#ifndef MANTLET_PROXY_X509_ENCRYPTED_KEY_H_
#define MANTLET_PROXY_X509_ENCRYPTED_KEY_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace mantlet::x509 {

// `der`: EncryptedPrivateKeyInfo with PBES2 (RFC 8018 section 6.2, RFC 7914
// section 7) and AES-CBC. Returns the PrivateKeyInfo's DER, for the caller to wipe.
// A wrong passphrase is Unauthenticated, and so is damage to what is encrypted: both show
// as bytes that make no sense. The work that a file can ask for is bounded.
absl::StatusOr<std::string> DecryptPbes2(std::string_view der, std::string_view passphrase);

// `dek_info`: the header's value, "AES-256-CBC,0011…". AES and triple DES.
absl::StatusOr<std::string> DecryptOldPem(std::string_view dek_info, std::string_view bytes,
                                          std::string_view passphrase);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_ENCRYPTED_KEY_H_
