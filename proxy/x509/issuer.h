// Issues certificates for the temporary PKI of `mantlet certs dev` and for tests, which issue all
// certificates that they need, including invalid ones. The daemon does not use it for traffic.

#ifndef MANTLET_PROXY_X509_ISSUER_H_
#define MANTLET_PROXY_X509_ISSUER_H_

#include <string>

#include "absl/status/statusor.h"
#include "proxy/x509/certificate.h"
#include "proxy/x509/certificate_template.h"
#include "proxy/x509/key_generator.h"
#include "proxy/x509/private_key.h"

namespace mantlet::x509 {

// Credential is a certificate and its key.
struct Credential {
  CertificatePtr certificate;
  PrivateKeyPtr key;
};

// Issues a certificate for `subject_key`. If `issuer` is null, it is self-signed with
// `subject_key`.
absl::StatusOr<CertificatePtr> Issue(const CertificateTemplate& what, const PrivateKey& subject_key,
                                     const Credential* issuer);

// Generates a key and issues its certificate.
absl::StatusOr<Credential> IssueWithNewKey(const CertificateTemplate& what,
                                           const Credential* issuer, KeyType type = KeyType::kP256);

// Issues a certificate without parsing it. For tests: Certificate::FromDer may reject it.
absl::StatusOr<std::string> IssueDer(const CertificateTemplate& what, const PrivateKey& subject_key,
                                     const Credential* issuer);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_ISSUER_H_
