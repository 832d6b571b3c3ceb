// Makes keys and certificates: for the throw-away PKI of `mantlet certs dev`,
// and for tests, which make every certificate they need, the wrong ones
// included. No part of the daemon's data path.

#ifndef MANTLET_PROXY_X509_ISSUER_H_
#define MANTLET_PROXY_X509_ISSUER_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/x509/certificate.h"
#include "proxy/x509/private_key.h"

namespace mantlet::x509 {

enum class KeyType { kP256, kP384, kEd25519, kRsa2048, kRsa1024, kP224 };
absl::StatusOr<PrivateKeyPtr> GenerateKey(KeyType type);

// A certificate and its key.
struct Credential {
  CertificatePtr certificate;
  PrivateKeyPtr key;
};

struct CertificateTemplate {
  // Short attribute names ("CN", "O", "OU", "C") and values, least specific
  // first. The bytes go in unchecked as UTF8String, so that tests can be evil.
  std::vector<std::pair<std::string, std::string>> subject;
  SubjectAltNames san;  // ip as text; `other` is ignored
  int64_t not_before = 0;
  int64_t not_after = 0;
  bool ca = false;
  int path_length = -1;                // -1: no limit; only with ca
  bool basic_constraints = true;       // false: leave the extension out
  std::vector<std::string> key_usage;  // RFC 5280 names; empty: what suits `ca`
  bool no_key_usage = false;           // leave the extension out
  std::vector<std::string>
      extended_key_usage;                  // "serverAuth", "clientAuth", or dotted; empty: none
  std::vector<std::string> permitted_dns;  // name constraints
  std::vector<std::string> excluded_dns;
  enum class Digest { kSha256, kSha384, kSha1 };
  Digest digest = Digest::kSha256;  // no meaning with an Ed25519 issuer
  struct RawExtension {
    std::string oid;  // dotted
    bool critical = false;
    std::string der;
  };
  std::vector<RawExtension> raw_extensions;
  bool no_authority_key_id = false;  // leave the extension out
  std::string serial_hex;            // empty: 16 random bytes
  bool version1 = false;             // without any extension
  // The names as PrintableString, that of the issuer whatever it calls itself by.
  bool printable_subject = false, printable_issuer = false;

  // The starting points of most certificates.
  static CertificateTemplate Ca(std::string cn, int64_t not_before, int64_t not_after);
  static CertificateTemplate Server(std::string cn, std::vector<std::string> dns,
                                    int64_t not_before, int64_t not_after);
  static CertificateTemplate Client(std::string cn, int64_t not_before, int64_t not_after);
};

// Certifies `subject_key`. `issuer` may be null: self-signed with `subject_key`.
absl::StatusOr<CertificatePtr> Issue(const CertificateTemplate& what, const PrivateKey& subject_key,
                                     const Credential* issuer);

// Generates a key and certifies it.
absl::StatusOr<Credential> IssueWithNewKey(const CertificateTemplate& what,
                                           const Credential* issuer, KeyType type = KeyType::kP256);

// The same without parsing the result, which may be a certificate that
// Certificate::FromDer refuses: for tests.
absl::StatusOr<std::string> IssueDer(const CertificateTemplate& what, const PrivateKey& subject_key,
                                     const Credential* issuer);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_ISSUER_H_
