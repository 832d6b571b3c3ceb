#include "proxy/verify/certificate_policies.h"

#include <openssl/asn1.h>
#include <openssl/bytestring.h>
#include <openssl/nid.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <string_view>

#include "absl/status/status.h"
#include "proxy/x509/byte_view.h"

namespace mantlet::verify {
namespace {

constexpr std::string_view kAny("\x55\x1d\x20\x00", 4);  // anyPolicy, 2.5.29.32.0

// Reads the value of the extension with this NID. Returns false if there is none.
bool FindExtension(const X509* certificate, int nid, CBS* value) {
  const int index = X509_get_ext_by_NID(certificate, nid, -1);
  if (index < 0) return false;
  *value = x509::AsCbs(x509::View(X509_EXTENSION_get_data(X509_get_ext(certificate, index))));
  return true;
}

bool TakeObject(CBS* cbs, std::string* object) {
  CBS content;
  if (!CBS_get_asn1(cbs, &content, CBS_ASN1_OBJECT) || CBS_len(&content) == 0) return false;
  object->assign(x509::View(content));
  return true;
}

// SkipCerts ::= INTEGER (0..MAX). Larger values than an int are clamped: no path is that long.
bool ReadSkip(CBS content, std::optional<int>* skip) {
  if (CBS_len(&content) == 0 || (CBS_data(&content)[0] & 0x80) != 0) return false;
  int64_t value = 0;
  for (size_t i = 0; i < CBS_len(&content); ++i) {
    value = std::min<int64_t>(value * 256 + CBS_data(&content)[i], std::numeric_limits<int>::max());
  }
  *skip = static_cast<int>(value);
  return true;
}

bool ReadPolicies(CBS value, PolicyExtensions* out) {
  CBS list;
  if (!CBS_get_asn1(&value, &list, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0 ||
      CBS_len(&list) == 0) {
    return false;
  }
  out->has_policies = true;
  while (CBS_len(&list) > 0) {
    CBS information, qualifiers;
    std::string policy;
    if (!CBS_get_asn1(&list, &information, CBS_ASN1_SEQUENCE) ||
        !TakeObject(&information, &policy)) {
      return false;
    }
    if (CBS_len(&information) > 0 && (!CBS_get_asn1(&information, &qualifiers, CBS_ASN1_SEQUENCE) ||
                                      CBS_len(&information) != 0)) {
      return false;
    }
    if (policy != kAny) {
      out->policies.push_back(std::move(policy));
    } else if (std::exchange(out->any_policy, true)) {
      return false;
    }
  }
  std::sort(out->policies.begin(), out->policies.end());
  // A policy must not be listed twice.
  return std::adjacent_find(out->policies.begin(), out->policies.end()) == out->policies.end();
}

bool ReadMappings(CBS value, PolicyExtensions* out) {
  CBS list;
  if (!CBS_get_asn1(&value, &list, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0 ||
      CBS_len(&list) == 0) {
    return false;
  }
  while (CBS_len(&list) > 0) {
    CBS mapping;
    std::string issuers, subjects;
    if (!CBS_get_asn1(&list, &mapping, CBS_ASN1_SEQUENCE) || !TakeObject(&mapping, &issuers) ||
        !TakeObject(&mapping, &subjects) || CBS_len(&mapping) != 0) {
      return false;
    }
    // anyPolicy must not be mapped (RFC 5280, 6.1.4 (a)).
    if (issuers == kAny || subjects == kAny) return false;
    out->mappings.emplace_back(std::move(issuers), std::move(subjects));
  }
  return true;
}

bool ReadConstraints(CBS value, PolicyExtensions* out) {
  CBS sequence, require, inhibit;
  int has_require = 0, has_inhibit = 0;
  if (!CBS_get_asn1(&value, &sequence, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0 ||
      !CBS_get_optional_asn1(&sequence, &require, &has_require, CBS_ASN1_CONTEXT_SPECIFIC | 0) ||
      !CBS_get_optional_asn1(&sequence, &inhibit, &has_inhibit, CBS_ASN1_CONTEXT_SPECIFIC | 1) ||
      CBS_len(&sequence) != 0 || (has_require == 0 && has_inhibit == 0)) {
    return false;
  }
  return (has_require == 0 || ReadSkip(require, &out->require_explicit)) &&
         (has_inhibit == 0 || ReadSkip(inhibit, &out->inhibit_mapping));
}

bool ReadInhibitAny(CBS value, PolicyExtensions* out) {
  CBS number;
  return CBS_get_asn1(&value, &number, CBS_ASN1_INTEGER) && CBS_len(&value) == 0 &&
         ReadSkip(number, &out->inhibit_any);
}

// PolicyState holds the state variables of RFC 5280, 6.1.2, and the policies expected in the next
// certificate.
class PolicyState {
 public:
  explicit PolicyState(int length)
      : explicit_(length + 1), mapping_(length + 1), any_(length + 1) {}

  // RFC 5280, 6.1.3 (d) to (f). Returns false if the path is invalid.
  bool Enter(const PolicyLevel& level, bool leaf) {
    const PolicyExtensions& here = *level.extensions;
    std::set<std::string> next;
    const bool any_counts = here.any_policy && (any_ > 0 || (!leaf && level.self_issued));
    for (const std::string& policy : here.policies) {
      if (expects_any_ || expected_.contains(policy)) next.insert(policy);
    }
    if (any_counts) next.insert(expected_.begin(), expected_.end());
    expects_any_ = any_counts && expects_any_;
    expected_ = std::move(next);
    return explicit_ > 0 || !none();
  }

  // RFC 5280, 6.1.4 (b) to (j).
  void Leave(const PolicyLevel& level) {
    const PolicyExtensions& here = *level.extensions;
    Map(here);
    if (!level.self_issued) {
      explicit_ = std::max(explicit_ - 1, 0);
      mapping_ = std::max(mapping_ - 1, 0);
      any_ = std::max(any_ - 1, 0);
    }
    if (here.require_explicit) explicit_ = std::min(explicit_, *here.require_explicit);
    if (here.inhibit_mapping) mapping_ = std::min(mapping_, *here.inhibit_mapping);
    if (here.inhibit_any) any_ = std::min(any_, *here.inhibit_any);
  }

  // RFC 5280, 6.1.5 (a), (b) and (g).
  bool Conclude(const PolicyLevel& leaf) {
    explicit_ = std::max(explicit_ - 1, 0);
    if (leaf.extensions->require_explicit == 0) explicit_ = 0;
    return explicit_ > 0 || !none();
  }

 private:
  bool none() const { return expected_.empty() && !expects_any_; }

  void Map(const PolicyExtensions& here) {
    std::set<std::string> mapped, gained;
    for (const auto& [issuers, subjects] : here.mappings) {
      const bool valid = expected_.contains(issuers) || expects_any_;
      mapped.insert(issuers);
      if (valid && mapping_ > 0) gained.insert(subjects);
    }
    for (const std::string& policy : mapped) expected_.erase(policy);
    expected_.insert(gained.begin(), gained.end());
  }

  int explicit_, mapping_, any_;
  bool expects_any_ = true;
  std::set<std::string> expected_;
};

}  // namespace

absl::StatusOr<PolicyExtensions> ReadPolicyExtensions(const X509* certificate) {
  PolicyExtensions extensions;
  CBS value;
  if (FindExtension(certificate, NID_certificate_policies, &value) &&
      !ReadPolicies(value, &extensions)) {
    return absl::InvalidArgumentError("its certificate policies are malformed");
  }
  if (FindExtension(certificate, NID_policy_mappings, &value) &&
      !ReadMappings(value, &extensions)) {
    return absl::InvalidArgumentError("its policy mappings are malformed");
  }
  if (FindExtension(certificate, NID_policy_constraints, &value) &&
      !ReadConstraints(value, &extensions)) {
    return absl::InvalidArgumentError("its policy constraints are malformed");
  }
  if (FindExtension(certificate, NID_inhibit_any_policy, &value) &&
      !ReadInhibitAny(value, &extensions)) {
    return absl::InvalidArgumentError("its inhibitAnyPolicy is malformed");
  }
  return extensions;
}

bool PoliciesHold(absl::Span<const PolicyLevel> path) {
  // Only requireExplicitPolicy can make a path invalid.
  if (std::none_of(path.begin(), path.end(), [](const PolicyLevel& level) {
        return level.extensions->require_explicit.has_value();
      })) {
    return true;
  }
  PolicyState state(static_cast<int>(path.size()));
  for (size_t i = 0; i < path.size(); ++i) {
    const bool leaf = i + 1 == path.size();
    if (!state.Enter(path[i], leaf)) return false;
    if (!leaf) state.Leave(path[i]);
  }
  return path.empty() || state.Conclude(path.back());
}

}  // namespace mantlet::verify
