// IssuerIndex finds the issuers of certificates, and the certificates that an issuer has issued,
// by their names. A search of all pairs would take a minute among some thousand certificates.
// Immutable; borrows the certificates, which must outlive it.

#ifndef MANTLET_PROXY_X509_ISSUER_INDEX_H_
#define MANTLET_PROXY_X509_ISSUER_INDEX_H_

#include <unordered_map>
#include <vector>

#include "proxy/x509/certificate.h"

namespace mantlet::x509 {

class IssuerIndex {
 public:
  using Certificates = std::vector<const Certificate*>;

  explicit IssuerIndex(const std::vector<CertificatePtr>& certificates);

  // Returns those that have the name of the issuer of `certificate`, in the order of the
  // constructor. The signature may be by another key: see Certificate::IssuedBy().
  Certificates WithNameOfIssuer(const Certificate& certificate) const;

  // Returns those that have the name and the key of the issuer of `certificate`, or those that it
  // has issued, in the order of the constructor. A self-signed certificate is its own issuer.
  Certificates IssuersOf(const Certificate& certificate) const;
  Certificates IssuedBy(const Certificate& issuer) const;

 private:
  using ByHash = std::unordered_map<unsigned long, Certificates>;

  // By the hash of the name, which equal names have in common.
  ByHash by_subject_;
  ByHash by_issuer_;
};

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_ISSUER_INDEX_H_
