// Processes certificate policies along a path (RFC 5280, 6.1, for a relying party that requires no
// policy of its own). Policies can only make a path invalid: once a CA requires an explicit policy,
// all certificates below must have a policy that their issuers allow.
//
// RFC 5280's tree grows exponentially with hostile mappings. Instead, each level keeps the set of
// policies expected below it. This set alone decides, because no caller needs to know to which of
// the top CA's policies a leaf's policy is equivalent (RFC 9618 does the same for a graph).

#ifndef MANTLET_PROXY_VERIFY_CERTIFICATE_POLICIES_H_
#define MANTLET_PROXY_VERIFY_CERTIFICATE_POLICIES_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

struct x509_st;

namespace mantlet::verify {

// PolicyExtensions holds the four policy extensions of one certificate. Identifiers are the content
// of an OBJECT IDENTIFIER.
struct PolicyExtensions {
  bool has_policies = false;
  bool any_policy = false;                                    // anyPolicy is among the policies
  std::vector<std::string> policies;                          // the others, sorted
  std::vector<std::pair<std::string, std::string>> mappings;  // issuer's policy, subject's policy
  std::optional<int> require_explicit;                        // number of certificates until then
  std::optional<int> inhibit_mapping;
  std::optional<int> inhibit_any;

  bool empty() const {
    return !has_policies && mappings.empty() && !require_explicit && !inhibit_mapping &&
           !inhibit_any;
  }
};

// The error states which extension is malformed.
absl::StatusOr<PolicyExtensions> ReadPolicyExtensions(const x509_st* certificate);

struct PolicyLevel {
  const PolicyExtensions* extensions = nullptr;
  bool self_issued = false;
};

// `path` starts with the certificate below the trust anchor and ends with the leaf.
bool PoliciesHold(absl::Span<const PolicyLevel> path);

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_CERTIFICATE_POLICIES_H_
