#include "proxy/x509/x509_facts.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/obj.h>
#include <openssl/x509.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/der_kind.h"
#include "proxy/x509/hex.h"
#include "proxy/x509/openssl_errors.h"

namespace mantlet::x509 {
namespace {

int SignatureDigest(const X509* x509) {
  int digest = NID_undef, key = NID_undef;
  OBJ_find_sigid_algs(X509_get_signature_nid(x509), &digest, &key);
  return digest;
}

// Returns the kind of content that is not a certificate; "" if it may be a damaged certificate.
std::string OtherKind(std::string_view der) {
  switch (KindOfDer(der)) {
    case DerKind::kCertificateRequest:
      return "a certificate signing request; let a CA sign it, and name the certificate that it "
             "issues";
    case DerKind::kRevocationList:
      return "a revocation list; name it under client_auth.crl.files";
    case DerKind::kPrivateKey:
    case DerKind::kRsaPrivateKey:
    case DerKind::kEcPrivateKey:
    case DerKind::kDsaPrivateKey:
    case DerKind::kEncryptedPrivateKey:
      return "a private key; put the certificate here";
    case DerKind::kPublicKey:
      return "a public key; put the certificate with that key here";
    default:
      return "";
  }
}

}  // namespace

absl::StatusOr<X509*> ParseX509(std::string_view der) {
  if (der.empty()) return absl::InvalidArgumentError("it is empty");
  const uint8_t* in = Data(der);
  const uint8_t* end = in + der.size();
  ClearErrors();
  bssl::UniquePtr<X509> x509(d2i_X509(nullptr, &in, static_cast<long>(der.size())));
  if (x509 == nullptr) {
    ClearErrors();
    if (const std::string kind = OtherKind(der); !kind.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("it is not an X.509 certificate, but ", kind));
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "it is not an X.509 certificate, or it is damaged: ", DamageOfCertificate(der)));
  }
  if (in != end) {
    return absl::InvalidArgumentError(
        absl::StrCat(end - in,
                     " bytes follow the end of the certificate; a DER file contains one, so "
                     "put several into one file as PEM: openssl x509 -inform DER"));
  }
  return x509.release();
}

bool ReadValidity(const X509* x509, int64_t* not_before, int64_t* not_after) {
  return ASN1_TIME_to_posix(X509_get0_notBefore(x509), not_before) &&
         ASN1_TIME_to_posix(X509_get0_notAfter(x509), not_after);
}

std::string SerialHex(const X509* x509) {
  bssl::UniquePtr<BIGNUM> number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), nullptr));
  if (number == nullptr) return "";
  std::string bytes(BN_num_bytes(number.get()), '\0');
  BN_bn2bin(number.get(), MutableData(bytes));
  if (bytes.empty()) bytes.assign(1, '\0');
  return absl::StrCat(BN_is_negative(number.get()) ? "-" : "", Hex(bytes));
}

std::string ToDer(X509* x509) {
  uint8_t* bytes = nullptr;
  const int size = i2d_X509(x509, &bytes);
  if (size < 0) return "";
  std::string der(View(bytes, static_cast<size_t>(size)));
  OPENSSL_free(bytes);
  return der;
}

std::string SpkiDer(const X509* x509) {
  uint8_t* der = nullptr;
  int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &der);
  if (size < 0) return "";
  std::string spki(View(der, static_cast<size_t>(size)));
  OPENSSL_free(der);
  return spki;
}

std::string SpkiSha256Hex(const X509* x509) {
  const std::string spki = SpkiDer(x509);
  return spki.empty() ? "" : Sha256Hex(spki);
}

bool HasUncheckableSignature(const X509* x509) {
  const int digest = SignatureDigest(x509);
  return digest == NID_md5 || digest == NID_md4 || digest == NID_md5_sha1;
}

bool HasWeakSignature(const X509* x509) {
  return SignatureDigest(x509) == NID_sha1 || HasUncheckableSignature(x509);
}

}  // namespace mantlet::x509
