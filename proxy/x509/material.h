// Material is the parsed content of one file: certificates, keys and revocation lists from PEM,
// DER, PKCS#7 or PKCS#12. Pure.

#ifndef MANTLET_PROXY_X509_MATERIAL_H_
#define MANTLET_PROXY_X509_MATERIAL_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/x509/certificate.h"
#include "proxy/x509/private_key.h"
#include "proxy/x509/revocation_list.h"

namespace mantlet::x509 {

struct MaterialItem {
  enum class Kind { kCertificate, kPrivateKey, kLockedKey, kCrl, kOther };
  Kind kind = Kind::kOther;
  std::string where;           // "block 2 (CERTIFICATE, line 24)"; empty if there is only one item
  std::string label;           // the PEM label, or the kind of the DER
  CertificatePtr certificate;  // kCertificate
  PrivateKeyPtr key;           // kPrivateKey
  RevocationListPtr crl;       // kCrl
};

struct Material {
  enum class Format { kPem, kDer, kPkcs7, kPkcs12 };
  Format format = Format::kPem;
  bool ordered = true;  // false: the order of the certificates has no meaning (PKCS#7)
  std::vector<MaterialItem> items;

  std::vector<CertificatePtr> certificates() const;
};

// Parses the whole file; the first invalid block is returned as an error in the form of
// x509/fault.h. An encrypted key is decrypted with `passphrase`; without a passphrase the item is
// kLockedKey, and PKCS#12 is tried with the empty passphrase. A wrong passphrase is
// Unauthenticated. Unsupported blocks (EC PARAMETERS, …) are kOther.
absl::StatusOr<Material> ParseMaterial(std::string_view bytes,
                                       const std::optional<std::string>& passphrase);

// Returns the contents for people: "2 certificates", "a private key and a certificate signing
// request".
std::string Inventory(const Material& material);

// Returns a hint for a file that contains only blocks of other kinds; "" if there is none.
std::string HintForOther(const Material& material);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_MATERIAL_H_
