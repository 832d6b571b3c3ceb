// Issues certificates, for the throw-away PKI of `mantlet certs dev` and for tests, which issue
// every certificate that they need, invalid ones included. The daemon's data path does not use it.

#ifndef MANTLET_PROXY_X509_ISSUER_H_
#define MANTLET_PROXY_X509_ISSUER_H_

#include <string>

#include "absl/status/statusor.h"
#include "proxy/x509/certificate.h"
#include "proxy/x509/certificate_template.h"
#include "proxy/x509/key_generator.h"
#include "proxy/x509/private_key.h"

namespace mantlet::x509 {

// A certificate and its key.
struct Credential {
  CertificatePtr certificate;
  PrivateKeyPtr key;
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
