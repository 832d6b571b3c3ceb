// A certificate revocation list (RFC 5280, 5) as far as people want to see it.

#ifndef MANTLET_PROXY_TLS_CRL_H_
#define MANTLET_PROXY_TLS_CRL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace mantlet::tls {

struct CrlSummary {
  std::string issuer;       // RFC 2253
  int64_t this_update = 0;  // seconds since the epoch
  int64_t next_update = 0;  // 0: the list does not say
  size_t revoked = 0;       // entries
  std::string signature_algorithm;
};

// All of `der` must be the list. Its signature is not looked at.
absl::StatusOr<CrlSummary> SummarizeCrl(std::string_view der);

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_CRL_H_
