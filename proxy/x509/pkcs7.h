// Parses PKCS#7 and CMS SignedData (RFC 5652) as a container of certificates and revocation lists
// (.p7b, .p7c). Its signatures are ignored: the content is verified like that of any other file.

#ifndef MANTLET_PROXY_X509_PKCS7_H_
#define MANTLET_PROXY_X509_PKCS7_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace mantlet::x509 {

struct Pkcs7 {
  std::vector<std::string> certificates;  // DER; the order has no meaning (a SET in ASN.1)
  std::vector<std::string> crls;          // DER
};

// Returns whether the first fields of the bytes are those of SignedData.
bool LooksLikePkcs7(std::string_view bytes);

// Accepts DER, and BER with indefinite lengths. A container with neither certificates nor lists is
// an error.
absl::StatusOr<Pkcs7> ParsePkcs7(std::string_view bytes);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_PKCS7_H_
