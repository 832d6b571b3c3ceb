#include "proxy/verify/path_certificate.h"

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/obj.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/canonical_name.h"
#include "proxy/x509/public_key.h"
#include "proxy/x509/x509_facts.h"

namespace mantlet::verify {
namespace {

// Returns whether an extension is processed here or by the revocation lists. A critical
// cRLDistributionPoints is accepted: the sources of lists are configured.
bool IsUnderstood(int nid) {
  switch (nid) {
    case NID_key_usage:
    case NID_ext_key_usage:
    case NID_basic_constraints:
    case NID_subject_alt_name:
    case NID_name_constraints:
    case NID_certificate_policies:
    case NID_policy_mappings:
    case NID_policy_constraints:
    case NID_inhibit_any_policy:
    case NID_crl_distribution_points:
      return true;
    default:
      return false;
  }
}

}  // namespace

void PathCertificate::Free::operator()(x509_st* x509) const { X509_free(x509); }
void PathCertificate::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

PathCertificate::PathCertificate(X509* x509) {
  X509_up_ref(x509);
  x509_.reset(x509);
  key_.reset(X509_get_pubkey(x509));
  if (!x509::IsKnownKind(key_.get())) key_.reset();
  weak_key_ = x509::IsWeakKey(key_.get());
  weak_signature_ = x509::HasWeakSignature(x509);
  subject_ = X509_get_subject_name(x509);
  issuer_ = X509_get_issuer_name(x509);
  empty_subject_ = X509_NAME_entry_count(subject_) == 0;
  self_issued_ = x509::SameName(subject_, issuer_);
  version1_ = X509_get_version(x509) == X509_VERSION_1;
  if (!x509::ReadValidity(x509, &not_before_, &not_after_)) SetDefect(Defect::kMalformedDates);
  ReadExtensions();
  ReadConstraints();
  LookForDefects();
}

void PathCertificate::SetDefect(Defect defect, std::string detail) {
  if (defect_ != Defect::kNone) return;
  defect_ = defect;
  defect_detail_ = std::move(detail);
}

void PathCertificate::ReadExtensions() {
  const uint32_t flags = X509_get_extension_flags(x509());
  if ((flags & EXFLAG_INVALID) != 0) SetDefect(Defect::kMalformedExtension);
  is_ca_ = (flags & EXFLAG_BCONS) != 0 && (flags & EXFLAG_CA) != 0;
  path_length_ = static_cast<int>(X509_get_pathlen(x509()));
  key_usage_ = X509_get_key_usage(x509());
  if ((flags & EXFLAG_XKUSAGE) != 0) extended_key_usage_ = X509_get_extended_key_usage(x509());
  subject_key_id_ = x509::View(X509_get0_subject_key_id(x509()));
  authority_key_id_ = x509::View(X509_get0_authority_key_id(x509()));
}

void PathCertificate::ReadConstraints() {
  const int index = X509_get_ext_by_NID(x509(), NID_name_constraints, -1);
  if (index >= 0) {
    auto constraints =
        NameConstraints::Parse(x509::View(X509_EXTENSION_get_data(X509_get_ext(x509(), index))));
    if (constraints.ok()) {
      name_constraints_ = *std::move(constraints);
    } else {
      SetDefect(Defect::kMalformedNameConstraints, std::string(constraints.status().message()));
    }
  }
  auto policies = ReadPolicyExtensions(x509());
  if (policies.ok()) {
    policies_ = *std::move(policies);
  } else {
    SetDefect(Defect::kMalformedPolicies, std::string(policies.status().message()));
  }
}

void PathCertificate::LookForDefects() {
  const int count = X509_get_ext_count(x509());
  if (count > 0 && X509_get_version(x509()) != X509_VERSION_3) {
    SetDefect(Defect::kExtensionsBeforeVersion3);
  }
  std::vector<std::string_view> kinds;
  kinds.reserve(static_cast<size_t>(std::max(count, 0)));
  for (int i = 0; i < count; ++i) {
    X509_EXTENSION* extension = X509_get_ext(x509(), i);
    const ASN1_OBJECT* kind = X509_EXTENSION_get_object(extension);
    kinds.push_back(x509::View(kind));
    if (X509_EXTENSION_get_critical(extension) != 0 && !IsUnderstood(OBJ_obj2nid(kind))) {
      SetDefect(Defect::kUnknownCriticalExtension);
    }
  }
  std::sort(kinds.begin(), kinds.end());
  if (std::adjacent_find(kinds.begin(), kinds.end()) != kinds.end()) {
    SetDefect(Defect::kDuplicateExtension);
  }
}

bool PathCertificate::IsSame(const PathCertificate& other) const {
  return x509() == other.x509() || X509_cmp(x509(), other.x509()) == 0;
}

bool PathCertificate::HasKeyOf(const PathCertificate& other) const {
  if (key() == nullptr || other.key() == nullptr) return false;
  return EVP_PKEY_cmp(key(), other.key()) == 1;
}

bool PathCertificate::HasSubjectOf(const PathCertificate& other) const {
  return x509::SameName(subject_, other.subject_);
}

bool PathCertificate::NamesAsIssuer(const PathCertificate& other) const {
  return x509::SameName(issuer_, other.subject_);
}

}  // namespace mantlet::verify
