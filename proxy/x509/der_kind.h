// KindOfDer classifies a DER or BER structure by its outermost fields. It is used to describe a
// file that could not be used to an operator; the parsers of these kinds check the whole structure.
// Pure.

#ifndef MANTLET_PROXY_X509_DER_KIND_H_
#define MANTLET_PROXY_X509_DER_KIND_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace mantlet::x509 {

enum class DerKind {
  kNone,  // not DER
  kCertificate,
  kCertificateRequest,   // PKCS#10
  kRevocationList,       // a CRL
  kPrivateKey,           // PKCS#8
  kRsaPrivateKey,        // PKCS#1
  kEcPrivateKey,         // SEC1
  kDsaPrivateKey,        // OpenSSL's own
  kEncryptedPrivateKey,  // PKCS#8
  kPublicKey,            // SubjectPublicKeyInfo
  kPkcs7,                // SignedData (PKCS#7, CMS)
  kOtherCms,             // other CMS content: enveloped, encrypted, ...
  kPkcs12,
  kOcspResponse,
  kUnknown,  // DER of another kind
};

DerKind KindOfDer(std::string_view bytes);

// Returns the length of the outermost element from its header, including the header; 0 if the bytes
// do not begin with an element of known length.
size_t SizeOfDer(std::string_view bytes);

// Returns the first damaged field of a certificate, e.g. "its validity dates are damaged". For
// bytes that the library does not accept as a certificate.
std::string DamageOfCertificate(std::string_view der);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_DER_KIND_H_
