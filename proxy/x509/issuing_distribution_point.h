// IssuingDistributionPoint is the scope of a certificate revocation list (RFC 5280, 5.2.5): the
// certificates that the list covers.

#ifndef MANTLET_PROXY_X509_ISSUING_DISTRIBUTION_POINT_H_
#define MANTLET_PROXY_X509_ISSUING_DISTRIBUTION_POINT_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "proxy/x509/distribution_point.h"

namespace mantlet::x509 {

struct IssuingDistributionPoint {
  enum class Scope { kAll, kUserCertificates, kCaCertificates };

  Scope scope = Scope::kAll;
  // The names and the reasons for which certificates refer to the list. If it has no names, the
  // list covers every certificate in its scope.
  DistributionPoint point;
};

// `der` is the extension's value, `issuer` the list's issuer. Returns an error for a list that
// cannot be used: one for several issuers, one that covers no certificates for keys, or one for no
// reason.
absl::StatusOr<IssuingDistributionPoint> ReadIssuingDistributionPoint(std::string_view der,
                                                                      const X509_name_st* issuer);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_ISSUING_DISTRIBUTION_POINT_H_
