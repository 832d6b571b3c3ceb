// Certificate is one parsed X.509 certificate (RFC 5280) that never changes.
//
// FromDer works out everything that a caller may ask for, so that any number of threads can share
// a Certificate without a lock. It serves certificates that stay: server chains, trust anchors,
// what `certs show` prints. Client certificates in a handshake go through PresentedChain, which
// works out only what is asked of it.
//
// Strings hold what the certificate contains; RFC 2253 escaping keeps control bytes and NULs of
// names visible as \XX (see certificate_names.h).

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
  // The whole of `der` is one certificate; trailing bytes are an error, and so
  // is an extension that the library knows and cannot parse.
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
  bool is_ca() const { return is_ca_; }                    // basic constraints say so
  int path_length() const { return path_length_; }         // -1: no limit
  bool version1() const { return version1_; }
  // Subject and issuer are the same name (RFC 5280, 7.1), here and below.
  bool self_issued() const { return self_issued_; }
  // Self-issued, and the signature fits, as far as it can be checked. Of a root nobody
  // relies on it, so a very old one must not make an intermediate of it.
  bool self_signed() const { return self_signed_; }
  const std::vector<std::string>& key_usage() const { return key_usage_; }  // RFC 5280 names
  const std::vector<std::string>& extended_key_usage() const { return extended_key_usage_; }
  bool for_server() const { return for_server_; }  // may be shown by a TLS server
  bool for_client() const { return for_client_; }  // may be shown by a TLS client
  const std::string& subject_key_id() const { return subject_key_id_; }      // hex or empty
  const std::string& authority_key_id() const { return authority_key_id_; }  // hex or empty

  // Whether `issuer` has the name and the key that signed this certificate.
  bool IssuedBy(const Certificate& issuer) const;
  // Of one that `other` has not issued, for messages that print both names: a clause about
  // what they do not show, such as another key under the same name; empty if they show it.
  std::string IssuerDifference(const Certificate& other) const;

  // PEM with lines of 64 characters.
  std::string ToPem() const;

  // For other files of this package. Stays ours.
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
