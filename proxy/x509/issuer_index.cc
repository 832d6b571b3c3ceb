#include "proxy/x509/issuer_index.h"

#include <openssl/x509.h>

#include <algorithm>
#include <iterator>

#include "proxy/x509/canonical_name.h"

namespace mantlet::x509 {
namespace {

unsigned long SubjectHash(const Certificate& certificate) {
  return X509_NAME_hash(X509_get_subject_name(certificate.x509()));
}

unsigned long IssuerHash(const Certificate& certificate) {
  return X509_NAME_hash(X509_get_issuer_name(certificate.x509()));
}

template <typename Index, typename Condition>
IssuerIndex::Certificates Select(const Index& index, unsigned long hash, Condition condition) {
  IssuerIndex::Certificates selected;
  const auto found = index.find(hash);
  if (found == index.end()) return selected;
  std::copy_if(found->second.begin(), found->second.end(), std::back_inserter(selected), condition);
  return selected;
}

}  // namespace

IssuerIndex::IssuerIndex(const std::vector<CertificatePtr>& certificates) {
  for (const CertificatePtr& certificate : certificates) {
    by_subject_[SubjectHash(*certificate)].push_back(certificate.get());
    by_issuer_[IssuerHash(*certificate)].push_back(certificate.get());
  }
}

IssuerIndex::Certificates IssuerIndex::WithNameOfIssuer(const Certificate& certificate) const {
  return Select(by_subject_, IssuerHash(certificate), [&](const Certificate* other) {
    return SameName(X509_get_subject_name(other->x509()), X509_get_issuer_name(certificate.x509()));
  });
}

IssuerIndex::Certificates IssuerIndex::IssuersOf(const Certificate& certificate) const {
  return Select(by_subject_, IssuerHash(certificate),
                [&](const Certificate* other) { return certificate.IssuedBy(*other); });
}

IssuerIndex::Certificates IssuerIndex::IssuedBy(const Certificate& issuer) const {
  return Select(by_issuer_, SubjectHash(issuer),
                [&](const Certificate* other) { return other->IssuedBy(issuer); });
}

}  // namespace mantlet::x509
