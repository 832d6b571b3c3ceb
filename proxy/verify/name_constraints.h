// NameConstraints holds the subtrees of names that a CA certificate permits and excludes for all
// certificates below it (RFC 5280, 4.2.1.10). It supports DNS names, mail addresses, URIs, IP
// addresses and directory names. A name of any other form is rejected if there is a constraint of
// that form.
//
// Pure and immutable. Unclear cases are violations: a malformed constraint or name, or a wildcard
// that may match a name in an excluded subtree.

#ifndef MANTLET_PROXY_VERIFY_NAME_CONSTRAINTS_H_
#define MANTLET_PROXY_VERIFY_NAME_CONSTRAINTS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/x509/canonical_name.h"
#include "proxy/x509/subject_names.h"

namespace mantlet::verify {

class NameConstraints {
 public:
  // `der` is the extension's value. The error states what is malformed.
  static absl::StatusOr<NameConstraints> Parse(std::string_view der);

  // Returns why a certificate with these names violates the constraints, or nullopt. Each
  // comparison decrements `budget`; if it becomes negative, that is a violation, too.
  std::optional<std::string> Violation(const x509::SubjectNames& names, int64_t* budget) const;

 private:
  struct Subtrees {
    // Indexed by NameForm; the values of the certificate.
    std::array<std::vector<std::string>, x509::kNameForms> bases;
    std::vector<x509::CanonicalName> directories;
  };

  static absl::Status ParseSubtrees(std::string_view der, Subtrees* subtrees);
  std::optional<std::string> GeneralViolation(const x509::GeneralName& name, int64_t* budget) const;
  std::optional<std::string> DirectoryViolation(const x509::CanonicalName& name,
                                                int64_t* budget) const;

  Subtrees permitted_, excluded_;
};

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_NAME_CONSTRAINTS_H_
