// IssuingDistributionPoint is the scope of a certificate revocation list (RFC 5280, 5.2.5): which
// certificates the list is about.

#ifndef MANTLET_PROXY_X509_ISSUING_DISTRIBUTION_POINT_H_
#define MANTLET_PROXY_X509_ISSUING_DISTRIBUTION_POINT_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "proxy/x509/distribution_point.h"

namespace mantlet::x509 {

struct IssuingDistributionPoint {
  enum class Scope { kAll, kUserCertificates, kCaCertificates };

  Scope scope = Scope::kAll;
  // Under which names, and for which reasons, certificates refer to the list. Without
  // names it is for every certificate of its scope.
  DistributionPoint point;
};

// `der` is the extension's value, `issuer` the list's. An error for a list that can be of
// no use: one for several issuers, or about no certificates of keys, or for no reason.
absl::StatusOr<IssuingDistributionPoint> ReadIssuingDistributionPoint(std::string_view der,
                                                                      const X509_name_st* issuer);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_ISSUING_DISTRIBUTION_POINT_H_
