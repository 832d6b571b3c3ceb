// NameConstraints holds the subtrees of names that a CA certificate permits and excludes
// for everything below it (RFC 5280, 4.2.1.10), complete for DNS names, mail
// addresses, URIs, IP addresses and directory names. A name of any other form is
// refused where a constraint of its form stands.
//
// Pure and immutable. Anything unclear is a violation: a constraint or a name that
// is malformed, a wildcard that may or may not reach into an excluded subtree.

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
  // `der`: the extension's value. An error says what is wrong with it.
  static absl::StatusOr<NameConstraints> Parse(std::string_view der);

  // Why these names may not stand below the certificate, or none if they may. Each
  // comparison takes one from `budget`; a negative one is a violation, too.
  std::optional<std::string> Violation(const x509::SubjectNames& names, int64_t* budget) const;

 private:
  struct Subtrees {
    // By NameForm, as they stand in the certificate.
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
