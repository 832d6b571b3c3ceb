#include "proxy/x509/issuer.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/digest.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/obj.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/extension_writer.h"
#include "proxy/x509/openssl_errors.h"
#include "proxy/x509/x509_facts.h"

namespace mantlet::x509 {
namespace {

absl::Status LibraryError(const std::string& what) {
  return absl::InternalError(absl::StrCat(what, ": ", TakeErrors()));
}

std::string RandomSerial() {
  std::string serial(16, '\0');
  RAND_bytes(MutableData(serial), serial.size());
  // The number is positive and has no leading zero byte.
  serial[0] = static_cast<char>((serial[0] & 0x7f) | 0x40);
  return serial;
}

bool SetSerial(X509* x509, const std::string& hex) {
  std::string bytes = hex.empty() ? RandomSerial() : absl::HexStringToBytes(hex);
  bssl::UniquePtr<BIGNUM> number(BN_bin2bn(Data(bytes), bytes.size(), nullptr));
  bssl::UniquePtr<ASN1_INTEGER> serial(BN_to_ASN1_INTEGER(number.get(), nullptr));
  return serial != nullptr && X509_set_serialNumber(x509, serial.get());
}

bool SetSubject(X509* x509, const CertificateTemplate& what) {
  bssl::UniquePtr<X509_NAME> name(X509_NAME_new());
  for (const auto& [attribute, value] : what.subject) {
    // The type is the stored one, not MBSTRING_UTF8, so that nothing is checked or converted.
    if (!X509_NAME_add_entry_by_txt(name.get(), attribute.c_str(), V_ASN1_UTF8STRING, Data(value),
                                    static_cast<int>(value.size()), -1, 0)) {
      return false;
    }
  }
  return X509_set_subject_name(x509, name.get());
}

bool SetIssuer(X509* x509, X509_NAME* issuer, bool printable) {
  if (!printable) return X509_set_issuer_name(x509, issuer);
  bssl::UniquePtr<X509_NAME> name(X509_NAME_new());
  for (int i = 0; i < X509_NAME_entry_count(issuer); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(issuer, i);
    const std::string_view value = View(X509_NAME_ENTRY_get_data(entry));
    if (!X509_NAME_add_entry_by_OBJ(name.get(), X509_NAME_ENTRY_get_object(entry),
                                    V_ASN1_PRINTABLESTRING, Data(value),
                                    static_cast<int>(value.size()), -1, 0)) {
      return false;
    }
  }
  return X509_set_issuer_name(x509, name.get());
}

bool SetValidity(X509* x509, int64_t not_before, int64_t not_after) {
  return ASN1_TIME_set_posix(X509_getm_notBefore(x509), not_before) != nullptr &&
         ASN1_TIME_set_posix(X509_getm_notAfter(x509), not_after) != nullptr;
}

bool AddExtension(X509* x509, const Extension& extension) {
  bssl::UniquePtr<ASN1_OBJECT> oid(OBJ_txt2obj(extension.oid.c_str(), /*dont_search_names=*/1));
  bssl::UniquePtr<ASN1_OCTET_STRING> value(ASN1_OCTET_STRING_new());
  if (oid == nullptr || value == nullptr ||
      !ASN1_STRING_set(value.get(), extension.der.data(), static_cast<int>(extension.der.size()))) {
    return false;
  }
  bssl::UniquePtr<X509_EXTENSION> encoded(
      X509_EXTENSION_create_by_OBJ(nullptr, oid.get(), extension.critical ? 1 : 0, value.get()));
  return encoded != nullptr && X509_add_ext(x509, encoded.get(), -1);
}

const EVP_MD* DigestFor(const PrivateKey& key, CertificateTemplate::Digest digest) {
  if (key.public_key().kind == KeyKind::kEd25519) return nullptr;
  switch (digest) {
    case CertificateTemplate::Digest::kSha1:
      return EVP_sha1();
    case CertificateTemplate::Digest::kSha384:
      return EVP_sha384();
    case CertificateTemplate::Digest::kSha256:
      break;
  }
  return EVP_sha256();
}

}  // namespace

absl::StatusOr<std::string> IssueDer(const CertificateTemplate& what, const PrivateKey& subject_key,
                                     const Credential* issuer) {
  ClearErrors();
  bssl::UniquePtr<X509> x509(X509_new());
  if (x509 == nullptr ||
      !X509_set_version(x509.get(), what.version1 ? X509_VERSION_1 : X509_VERSION_3) ||
      !SetSerial(x509.get(), what.serial_hex) || !SetSubject(x509.get(), what) ||
      !SetValidity(x509.get(), what.not_before, what.not_after) ||
      !X509_set_pubkey(x509.get(), subject_key.pkey())) {
    return LibraryError("the certificate could not be encoded");
  }
  X509* signer = issuer == nullptr ? x509.get() : issuer->certificate->x509();
  if (!SetIssuer(x509.get(), X509_get_subject_name(signer), what.printable_issuer)) {
    return LibraryError("the issuer's name could not be set");
  }
  for (const Extension& extension :
       ExtensionsFor(what, SubjectKeyId(subject_key),
                     SubjectKeyId(issuer == nullptr ? subject_key : *issuer->key))) {
    if (what.version1) break;
    if (!AddExtension(x509.get(), extension)) {
      return LibraryError(absl::StrCat("the extension ", extension.oid, " could not be added"));
    }
  }
  const PrivateKey& signing_key = issuer == nullptr ? subject_key : *issuer->key;
  if (!X509_sign(x509.get(), signing_key.pkey(), DigestFor(signing_key, what.digest))) {
    return LibraryError("the certificate could not be signed");
  }
  return ToDer(x509.get());
}

absl::StatusOr<CertificatePtr> Issue(const CertificateTemplate& what, const PrivateKey& subject_key,
                                     const Credential* issuer) {
  absl::StatusOr<std::string> der = IssueDer(what, subject_key, issuer);
  if (!der.ok()) return der.status();
  return Certificate::FromDer(*der);
}

absl::StatusOr<Credential> IssueWithNewKey(const CertificateTemplate& what,
                                           const Credential* issuer, KeyType type) {
  absl::StatusOr<PrivateKeyPtr> key = GenerateKey(type);
  if (!key.ok()) return key.status();
  absl::StatusOr<CertificatePtr> certificate = Issue(what, **key, issuer);
  if (!certificate.ok()) return certificate.status();
  return Credential{*certificate, *key};
}

}  // namespace mantlet::x509
