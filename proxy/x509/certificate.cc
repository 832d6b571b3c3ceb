#include "proxy/x509/certificate.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/obj.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/canonical_name.h"
#include "proxy/x509/hex.h"
#include "proxy/x509/key_algorithm.h"
#include "proxy/x509/key_usages.h"
#include "proxy/x509/name_difference.h"
#include "proxy/x509/openssl_errors.h"
#include "proxy/x509/pem.h"
#include "proxy/x509/x509_facts.h"

namespace mantlet::x509 {
namespace {

std::string NameDer(X509_NAME* name) {
  const uint8_t* bytes = nullptr;
  size_t size = 0;
  if (!X509_NAME_get0_der(name, &bytes, &size)) return "";
  return std::string(View(bytes, size));
}

// Sets the name of a key that the library does not support.
void NameUnsupportedKey(const std::string& spki, PublicKey* key) {
  const std::string kind = UnsupportedKindOfSpki(spki);
  if (kind.empty()) return;
  key->text = kind;
  key->weakness = absl::StrCat("its key is ", kind, ", which is not supported");
}

}  // namespace

absl::StatusOr<CertificatePtr> Certificate::FromDer(std::string_view der) {
  ClearErrors();
  std::shared_ptr<Certificate> certificate(new Certificate());
  absl::Status filled = certificate->Fill(der);
  ClearErrors();
  if (!filled.ok()) return filled;
  return certificate;
}

Certificate::~Certificate() { X509_free(x509_); }

absl::Status Certificate::Fill(std::string_view der) {
  absl::StatusOr<x509_st*> parsed = ParseX509(der);
  if (!parsed.ok()) return parsed.status();
  x509_ = *parsed;
  if ((X509_get_extension_flags(x509_) & EXFLAG_INVALID) != 0) {
    return absl::InvalidArgumentError("one of its extensions cannot be parsed");
  }
  if (!ReadSubjectAltNames(x509_, &san_)) {
    return absl::InvalidArgumentError("its subject alternative names cannot be parsed");
  }
  if (!ReadValidity(x509_, &not_before_, &not_after_)) {
    return absl::InvalidArgumentError("its validity dates cannot be parsed");
  }
  der_ = std::string(der);
  subject_ = RenderName(X509_get_subject_name(x509_), ControlBytes::kEscape);
  issuer_ = RenderName(X509_get_issuer_name(x509_), ControlBytes::kEscape);
  subject_der_ = NameDer(X509_get_subject_name(x509_));
  issuer_der_ = NameDer(X509_get_issuer_name(x509_));
  cn_ = CommonName(X509_get_subject_name(x509_)).value_or("");
  serial_ = SerialHex(x509_);
  fingerprint_sha256_ = Sha256Hex(der);
  fingerprint_sha1_ = Sha1Hex(der);

  bssl::UniquePtr<EVP_PKEY> key(X509_get_pubkey(x509_));
  public_key_ = DescribeKey(key.get());
  if (public_key_.kind == KeyKind::kOther) NameUnsupportedKey(SpkiDer(x509_), &public_key_);
  public_key_.spki_sha256 = SpkiSha256Hex(x509_);
  const char* algorithm = OBJ_nid2ln(X509_get_signature_nid(x509_));
  signature_algorithm_ = algorithm == nullptr ? "unknown" : algorithm;
  weak_signature_ = HasWeakSignature(x509_);

  version1_ = X509_get_version(x509_) == X509_VERSION_1;
  self_issued_ = SameName(X509_get_subject_name(x509_), X509_get_issuer_name(x509_));
  is_ca_ = (X509_get_extension_flags(x509_) & EXFLAG_CA) != 0;
  path_length_ = is_ca_ ? static_cast<int>(X509_get_pathlen(x509_)) : -1;
  self_signed_ = self_issued() && key != nullptr &&
                 (HasUncheckableSignature(x509_) || X509_verify(x509_, key.get()) == 1);
  key_usage_ = KeyUsageNames(x509_);
  extended_key_usage_ = ExtendedKeyUsageNames(x509_);
  for_server_ = X509_check_purpose(x509_, X509_PURPOSE_SSL_SERVER, 0) == 1;
  for_client_ = X509_check_purpose(x509_, X509_PURPOSE_SSL_CLIENT, 0) == 1;
  subject_key_id_ = Hex(View(X509_get0_subject_key_id(x509_)));
  authority_key_id_ = Hex(View(X509_get0_authority_key_id(x509_)));
  return absl::OkStatus();
}

bool Certificate::IssuedBy(const Certificate& issuer) const {
  if (!SameName(X509_get_issuer_name(x509_), X509_get_subject_name(issuer.x509_))) return false;
  // Its own key made the signature. Roots with one name are common: a CA that changes its key.
  if (self_signed_ && public_key_.spki_sha256 != issuer.public_key_.spki_sha256) return false;
  ClearErrors();
  bssl::UniquePtr<EVP_PKEY> key(X509_get_pubkey(issuer.x509_));
  bool fits = key != nullptr && X509_verify(x509_, key.get()) == 1;
  ClearErrors();
  return fits;
}

std::string Certificate::IssuerDifference(const Certificate& other) const {
  const X509_NAME* wanted = X509_get_issuer_name(x509_);
  const X509_NAME* found = X509_get_subject_name(other.x509_);
  if (SameName(wanted, found)) return "the name is the same, but another key made the signature";
  return NameDifference(wanted, found);
}

std::string Certificate::ToPem() const { return x509::ToPem("CERTIFICATE", der_); }

}  // namespace mantlet::x509
