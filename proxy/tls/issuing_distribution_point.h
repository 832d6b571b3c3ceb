// The issuing distribution point of a certificate revocation list (RFC 5280, 5.2.5):
// which certificates the list is about.

#ifndef MANTLET_PROXY_TLS_ISSUING_DISTRIBUTION_POINT_H_
#define MANTLET_PROXY_TLS_ISSUING_DISTRIBUTION_POINT_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "proxy/tls/revocation_list.h"

namespace mantlet::tls {

// `der` is the extension's value. An error for a list that is only part of the truth:
// one of several, for some reasons only, indirect, or about no certificates of keys.
absl::StatusOr<RevocationList::Scope> ReadIssuingDistributionPoint(std::string_view der);

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_ISSUING_DISTRIBUTION_POINT_H_
