// Parses PKCS#12 (RFC 7292): a key and its certificates in one password-protected file.

#ifndef MANTLET_PROXY_X509_PKCS12_H_
#define MANTLET_PROXY_X509_PKCS12_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/x509/certificate.h"
#include "proxy/x509/private_key.h"

namespace mantlet::x509 {

struct Pkcs12 {
  PrivateKeyPtr key;                         // null if the file has none
  std::vector<CertificatePtr> certificates;  // in file order
};

// Returns whether the first fields of the bytes are those of PKCS#12.
bool LooksLikePkcs12(std::string_view bytes);

// A wrong passphrase is Unauthenticated, "the passphrase is wrong".
absl::StatusOr<Pkcs12> ParsePkcs12(std::string_view bytes, std::string_view passphrase);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_PKCS12_H_
