// PathCertificate holds the fields of one certificate that path building and validation need, read
// once. Immutable; the one of a trust anchor is shared by all workers.

#ifndef MANTLET_PROXY_VERIFY_PATH_CERTIFICATE_H_
#define MANTLET_PROXY_VERIFY_PATH_CERTIFICATE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/verify/certificate_policies.h"
#include "proxy/verify/name_constraints.h"

struct X509_name_st;  // openssl's X509_NAME
struct evp_pkey_st;   // openssl's EVP_PKEY
struct x509_st;

namespace mantlet::verify {

class PathCertificate {
 public:
  // Defect is why a certificate cannot be on any path.
  enum class Defect {
    kNone,
    kMalformedExtension,  // of a kind that the library knows
    kMalformedPolicies,
    kMalformedNameConstraints,
    kDuplicateExtension,
    kExtensionsBeforeVersion3,
    kUnknownCriticalExtension,
    kMalformedDates,
  };

  // Holds its own reference to the certificate.
  explicit PathCertificate(x509_st* x509);

  x509_st* x509() const { return x509_.get(); }
  evp_pkey_st* key() const { return key_.get(); }  // null for an unsupported kind
  bool weak_key() const { return weak_key_; }
  bool weak_signature() const { return weak_signature_; }

  const X509_name_st* subject() const { return subject_; }
  const X509_name_st* issuer() const { return issuer_; }
  bool has_empty_subject() const { return empty_subject_; }
  bool self_issued() const { return self_issued_; }
  // Empty if the extension is absent.
  std::string_view subject_key_id() const { return subject_key_id_; }
  std::string_view authority_key_id() const { return authority_key_id_; }

  Defect defect() const { return defect_; }
  const std::string& defect_detail() const { return defect_detail_; }

  bool version1() const { return version1_; }
  bool is_ca() const { return is_ca_; }             // from the basic constraints
  int path_length() const { return path_length_; }  // -1: no limit
  // Returns whether the key usage allows any of these bits (KU_…); true if the extension is absent.
  bool Allows(uint32_t key_usage) const { return (key_usage_ & key_usage) != 0; }
  // Returns the bits of XKU_…; nullopt if the extension is absent.
  std::optional<uint32_t> extended_key_usage() const { return extended_key_usage_; }
  int64_t not_before() const { return not_before_; }
  int64_t not_after() const { return not_after_; }

  const NameConstraints* name_constraints() const {
    return name_constraints_ ? &*name_constraints_ : nullptr;
  }
  const PolicyExtensions& policies() const { return policies_; }

  // Returns whether all bytes are the same.
  bool IsSame(const PathCertificate& other) const;
  bool HasKeyOf(const PathCertificate& other) const;
  bool HasSubjectOf(const PathCertificate& other) const;
  bool NamesAsIssuer(const PathCertificate& other) const;

 private:
  struct Free {
    void operator()(x509_st* x509) const;
    void operator()(evp_pkey_st* key) const;
  };

  void ReadExtensions();
  void ReadConstraints();
  void LookForDefects();
  void SetDefect(Defect defect, std::string detail = "");

  std::unique_ptr<x509_st, Free> x509_;
  std::unique_ptr<evp_pkey_st, Free> key_;
  const X509_name_st* subject_ = nullptr;
  const X509_name_st* issuer_ = nullptr;
  std::string_view subject_key_id_, authority_key_id_;
  std::optional<NameConstraints> name_constraints_;
  PolicyExtensions policies_;
  std::string defect_detail_;
  int64_t not_before_ = 0, not_after_ = 0;
  std::optional<uint32_t> extended_key_usage_;
  uint32_t key_usage_ = 0;
  int path_length_ = -1;
  Defect defect_ = Defect::kNone;
  bool weak_key_ = false, weak_signature_ = false, empty_subject_ = false, self_issued_ = false;
  bool version1_ = false, is_ca_ = false;
};

}  // namespace mantlet::verify

#endif  // MANTLET_PROXY_VERIFY_PATH_CERTIFICATE_H_
