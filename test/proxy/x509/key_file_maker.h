// Makes key files that are encrypted with a passphrase, for tests.

#ifndef MANTLET_TEST_PROXY_X509_KEY_FILE_MAKER_H_
#define MANTLET_TEST_PROXY_X509_KEY_FILE_MAKER_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/x509/certificate.h"
#include "proxy/x509/private_key.h"

namespace mantlet::x509 {

// Returns PKCS#12 with the key and its certificate, which is the first, and other certificates.
absl::StatusOr<std::string> MakePkcs12(const PrivateKey& key,
                                       const std::vector<CertificatePtr>& certificates,
                                       std::string_view passphrase);

// Returns a PKCS#8 EncryptedPrivateKeyInfo (PBES2, AES-256-CBC) as PEM; empty if the library fails.
std::string ToEncryptedPem(const PrivateKey& key, std::string_view passphrase);

}  // namespace mantlet::x509

#endif  // MANTLET_TEST_PROXY_X509_KEY_FILE_MAKER_H_
