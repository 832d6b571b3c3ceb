// KindOfDer classifies a DER or BER structure by its outermost fields. It serves to tell an
// operator what a file is that could not be used; the parsers of these kinds check the whole
// structure. Pure.

#ifndef MANTLET_PROXY_X509_DER_KIND_H_
#define MANTLET_PROXY_X509_DER_KIND_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace mantlet::x509 {

enum class DerKind {
  kNone,  // no DER at all
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
  kOtherCms,             // some other content of CMS: enveloped, encrypted, ...
  kPkcs12,
  kOcspResponse,
  kUnknown,  // DER of another kind
};

DerKind KindOfDer(std::string_view bytes);

// The length of the outermost element as its header has it, header included; 0 if the bytes do
// not begin with an element of known length.
size_t SizeOfDer(std::string_view bytes);

// The first field of a certificate that is damaged, such as "its validity dates are
// damaged". For bytes that the library does not take for a certificate.
std::string DamageOfCertificate(std::string_view der);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_DER_KIND_H_
