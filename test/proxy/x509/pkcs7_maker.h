// Makes PKCS#7 and trust stores for tests.

#ifndef MANTLET_TEST_PROXY_X509_PKCS7_MAKER_H_
#define MANTLET_TEST_PROXY_X509_PKCS7_MAKER_H_

#include <string>
#include <string_view>
#include <vector>

#include "proxy/x509/certificate.h"

namespace mantlet::x509 {

inline constexpr std::string_view kCertificateBag = "\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x03";
inline constexpr std::string_view kKeyBag = "\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x01";

// Returns DER of SignedData without signers. The library changes the order of the certificates.
std::string MakePkcs7(const std::vector<CertificatePtr>& certificates);

// Returns it with BER's indefinite length for the two outermost elements, as Windows writes it.
std::string WithIndefiniteLength(const std::string& pkcs7);

// Returns PKCS#12 without a key, like keytool -importcert.
std::string MakeTrustStore(const CertificatePtr& certificate, const std::string& passphrase);

// Returns it without a password: unencrypted and without a MAC, like Java's cacerts. `bag` is the
// type of its only bag.
std::string MakePlainTrustStore(const CertificatePtr& certificate,
                                std::string_view bag = kCertificateBag);

}  // namespace mantlet::x509

#endif  // MANTLET_TEST_PROXY_X509_PKCS7_MAKER_H_
