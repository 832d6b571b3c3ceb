// Certificate is one parsed X.509 certificate (RFC 5280). It is immutable.
//
// FromDer computes all fields, so that any number of threads can share a Certificate without a
// lock. It is meant for certificates that stay in memory: server chains, trust anchors, the input
// of `certs show`. Client certificates in a handshake use PresentedChain, which computes only the
// fields that are needed.
//
// Strings contain the bytes of the certificate; RFC 2253 escaping shows control bytes and NULs of
// names as \XX (see certificate_names.h).

#ifndef MANTLET_PROXY_X509_CERTIFICATE_H_
#define MANTLET_PROXY_X509_CERTIFICATE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/x509/certificate_names.h"
#include "proxy/x509/public_key.h"

struct x509_st;  // openssl's X509

namespace mantlet::x509 {

class Certificate;
using CertificatePtr = std::shared_ptr<const Certificate>;

class Certificate {
 public:
  // `der` must be exactly one certificate. Trailing bytes are an error, and so is an extension that
  // the library knows but cannot parse.
  static absl::StatusOr<CertificatePtr> FromDer(std::string_view der);

  ~Certificate();
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  const std::string& der() const { return der_; }
  const std::string& subject() const { return subject_; }  // RFC 2253
  const std::string& issuer() const { return issuer_; }    // RFC 2253
  const std::string& subject_der() const { return subject_der_; }
  const std::string& issuer_der() const { return issuer_der_; }
  const std::string& cn() const { return cn_; }          // the most specific commonName, or empty
  const std::string& serial() const { return serial_; }  // lower-case hex
  const std::string& fingerprint_sha256() const { return fingerprint_sha256_; }  // lower-case hex
  const std::string& fingerprint_sha1() const { return fingerprint_sha1_; }
  const SubjectAltNames& san() const { return san_; }
  int64_t not_before() const { return not_before_; }  // seconds since the epoch
  int64_t not_after() const { return not_after_; }
  const PublicKey& public_key() const { return public_key_; }
  const std::string& signature_algorithm() const { return signature_algorithm_; }
  bool weak_signature() const { return weak_signature_; }  // MD5 or SHA-1
  bool is_ca() const { return is_ca_; }                    // from the basic constraints
  int path_length() const { return path_length_; }         // -1: no limit
  bool version1() const { return version1_; }
  // Returns whether subject and issuer are the same name (RFC 5280, 7.1).
  bool self_issued() const { return self_issued_; }
  // Returns whether the certificate is self-issued and its signature matches. A signature that is
  // too old to be checked counts as matching: it is not relied on, and the root must not become an
  // intermediate.
  bool self_signed() const { return self_signed_; }
  const std::vector<std::string>& key_usage() const { return key_usage_; }  // RFC 5280 names
  const std::vector<std::string>& extended_key_usage() const { return extended_key_usage_; }
  bool for_server() const { return for_server_; }                        // a TLS server may use it
  bool for_client() const { return for_client_; }                        // a TLS client may use it
  const std::string& subject_key_id() const { return subject_key_id_; }  // hex or empty
  const std::string& authority_key_id() const { return authority_key_id_; }  // hex or empty

  // Returns whether `issuer` has the name and the key that signed this certificate.
  bool IssuedBy(const Certificate& issuer) const;
  // For messages that print both names, about a certificate that `other` has not issued: returns a
  // clause about a difference that the names do not show, such as another key with the same name;
  // empty if they show it.
  std::string IssuerDifference(const Certificate& other) const;

  // Returns PEM with lines of 64 characters.
  std::string ToPem() const;

  // For other files of this package. Owned by this object.
  x509_st* x509() const { return x509_; }

 private:
  Certificate() = default;
  absl::Status Fill(std::string_view der);

  x509_st* x509_ = nullptr;
  std::string der_, subject_, issuer_, subject_der_, issuer_der_, cn_, serial_;
  std::string fingerprint_sha256_, fingerprint_sha1_, signature_algorithm_;
  std::string subject_key_id_, authority_key_id_;
  SubjectAltNames san_;
  PublicKey public_key_;
  std::vector<std::string> key_usage_, extended_key_usage_;
  int64_t not_before_ = 0, not_after_ = 0;
  int path_length_ = -1;
  bool weak_signature_ = false, is_ca_ = false, self_issued_ = false, self_signed_ = false;
  bool version1_ = false;
  bool for_server_ = false, for_client_ = false;
};

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_CERTIFICATE_H_
