// Parses the extensions of a certificate revocation list (RFC 5280, 5.2) and of its entries (5.3).
// They are honoured, or the list is refused; errors are sentences about "it", the list. Pure; the
// bytes are a peer's and may be anything.

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
  std::string number;  // lower-case hex; empty: the list has no number
  IssuingDistributionPoint point;
};

// `der` is what the SEQUENCE of them holds, here and below; `issuer` the list's.
absl::StatusOr<RevocationListExtensions> ReadListExtensions(std::string_view der,
                                                            const X509_name_st* issuer);

// Of one entry; nothing in them says more than that the certificate is revoked.
absl::Status CheckEntryExtensions(std::string_view der);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_REVOCATION_LIST_EXTENSIONS_H_
