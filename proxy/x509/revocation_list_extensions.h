// Parses the extensions of a certificate revocation list (RFC 5280, 5.2) and of its entries (5.3).
// A list with an extension that cannot be applied is rejected. Errors are sentences with the
// subject "it", the list. Pure; the bytes come from a peer and may be malformed.

#ifndef MANTLET_PROXY_X509_REVOCATION_LIST_EXTENSIONS_H_
#define MANTLET_PROXY_X509_REVOCATION_LIST_EXTENSIONS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proxy/x509/issuing_distribution_point.h"

struct X509_name_st;  // X509_NAME

namespace mantlet::x509 {

struct RevocationListExtensions {
  std::string number;  // lower-case hex; empty if the list has no number
  IssuingDistributionPoint point;
};

// `der` is the content of the SEQUENCE of extensions, also below; `issuer` is the list's issuer.
absl::StatusOr<RevocationListExtensions> ReadListExtensions(std::string_view der,
                                                            const X509_name_st* issuer);

// Checks the extensions of one entry. None of them changes that the certificate is revoked.
absl::Status CheckEntryExtensions(std::string_view der);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_REVOCATION_LIST_EXTENSIONS_H_
