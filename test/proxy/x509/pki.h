// A PKI for tests, made anew in every process: root, intermediate, and whatever
// else a test wants to have issued. Every function dies if the library fails.

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

// Templates that are valid from 30 days before kNow to 100 days after it.
CertificateTemplate CaTemplate(std::string cn);
CertificateTemplate ServerTemplate(std::string cn, std::vector<std::string> dns);
CertificateTemplate ClientTemplate(std::string cn);

// Adds a critical nameConstraints extension (RFC 5280, 4.2.1.10) with these dNSNames.
void AddNameConstraints(const std::vector<std::string>& permitted_dns,
                        const std::vector<std::string>& excluded_dns, CertificateTemplate* what);

// Made once for the process; never changes.
const Credential& Root();
const Credential& Intermediate();  // issued by Root()

// A root whose own signature is over MD5, and not made by its key: no library that we
// have makes or checks one.
Credential Md5Root();

TrustStorePtr Trust(const std::vector<Credential>& anchors);

// The DERs of the certificates, leaf first. The credentials must outlive them.
std::vector<std::string_view> Chain(const std::vector<const Credential*>& credentials);

}  // namespace mantlet::x509

#endif  // MANTLET_TEST_PROXY_X509_PKI_H_
