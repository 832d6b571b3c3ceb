// A PKI for tests, created in every process: root, intermediate, and other certificates that a test
// issues. Every function ends the process if the library fails.

#ifndef MANTLET_TEST_PROXY_X509_PKI_H_
#define MANTLET_TEST_PROXY_X509_PKI_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/x509/issuer.h"
#include "proxy/x509/trust_store.h"

namespace mantlet::x509 {

inline constexpr int64_t kNow = 1'800'000'000;  // 2027-01-15T08:00:00Z
inline constexpr int64_t kDay = 24 * 3600;

Credential MakeCredential(const CertificateTemplate& what, const Credential* issuer,
                          KeyType type = KeyType::kP256);

// Return templates that are valid from 30 days before kNow to 100 days after it.
CertificateTemplate CaTemplate(std::string cn);
CertificateTemplate ServerTemplate(std::string cn, std::vector<std::string> dns);
CertificateTemplate ClientTemplate(std::string cn);

// Adds a critical nameConstraints extension (RFC 5280, 4.2.1.10) with these dNSNames.
void AddNameConstraints(const std::vector<std::string>& permitted_dns,
                        const std::vector<std::string>& excluded_dns, CertificateTemplate* what);

// Created once per process; constant.
const Credential& Root();
const Credential& Intermediate();  // issued by Root()

// Returns a root whose own signature uses MD5 and was not made by its key: the libraries in use
// neither make nor check such signatures.
Credential Md5Root();

TrustStorePtr Trust(const std::vector<Credential>& anchors);

// Returns the DER of the certificates, leaf first. The credentials must outlive it.
std::vector<std::string_view> Chain(const std::vector<const Credential*>& credentials);

}  // namespace mantlet::x509

#endif  // MANTLET_TEST_PROXY_X509_PKI_H_
