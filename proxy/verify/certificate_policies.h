// Certificate policies along a path (RFC 5280, 6.1, for a relying party that asks
// for no policy in particular). All they can do is to end a path: once a CA
// requires an explicit policy, every certificate from there on must carry a policy
// that its issuers let through.
//
// Instead of RFC 5280's tree, which grows exponentially with hostile mappings, each
// level keeps the set of policies expected below it: as no caller needs to know which of
// the top CA's policies a leaf's is equivalent to, that is all that decides (RFC 9618 has
// the same for a graph).

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

// The four policy extensions of one certificate. Identifiers are an OBJECT
// IDENTIFIER's content.
struct PolicyExtensions {
  bool has_policies = false;
  bool any_policy = false;                                    // anyPolicy is among the policies
  std::vector<std::string> policies;                          // the others, sorted
  std::vector<std::pair<std::string, std::string>> mappings;  // issuer's, subject's
  std::optional<int> require_explicit;                        // certificates until then
  std::optional<int> inhibit_mapping;
  std::optional<int> inhibit_any;

  bool empty() const {
    return !has_policies && mappings.empty() && !require_explicit && !inhibit_mapping &&
           !inhibit_any;
  }
};

// The error says which extension is wrong.
absl::StatusOr<PolicyExtensions> ReadPolicyExtensions(const x509_st* certificate);

struct PolicyLevel {
  const PolicyExtensions* extensions = nullptr;
  bool self_issued = false;
};

// `path`: from the certificate below the trust anchor down to the leaf.
bool PoliciesHold(absl::Span<const PolicyLevel> path);

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_CERTIFICATE_POLICIES_H_
