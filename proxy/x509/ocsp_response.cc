#include "proxy/x509/ocsp_response.h"

#include <openssl/bytestring.h>
#include <openssl/digest.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/obj.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/der_time.h"
#include "proxy/x509/hex.h"
#include "proxy/x509/openssl_errors.h"

namespace mantlet::x509 {
namespace {

constexpr size_t kMaxAnswers = 100;
constexpr size_t kMaxCertificates = 10;
constexpr CBS_ASN1_TAG kTag = CBS_ASN1_CONSTRUCTED | CBS_ASN1_CONTEXT_SPECIFIC;

absl::Status Reject(const std::string& what) { return absl::InvalidArgumentError(what); }
absl::Status Damaged() { return Reject("it is not an OCSP response, or it is damaged"); }

std::string DigestOf(const EVP_MD* digest, const uint8_t* data, size_t size) {
  uint8_t bytes[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (!EVP_Digest(data, size, bytes, &length, digest, nullptr)) return "";
  return std::string(View(bytes, length));
}

std::string_view StatusWord(int code) {
  switch (code) {
    case 1:
      return "malformedRequest";
    case 2:
      return "internalError";
    case 3:
      return "tryLater";
    case 5:
      return "sigRequired";
    case 6:
      return "unauthorized";
    default:
      return "an unknown error";
  }
}

// Returns the form of Certificate::serial().
std::string SerialText(CBS serial) {
  if (!CBS_is_unsigned_asn1_integer(&serial)) return absl::StrCat("-", Hex(View(serial)));
  if (CBS_len(&serial) > 1 && CBS_data(&serial)[0] == 0) (void)CBS_skip(&serial, 1);
  return Hex(View(serial));
}

// Compares the digests of the issuer's name and of its key's bits (RFC 6960, 4.1.1). SHA-1 is usual
// here and harmless, because the digests only identify a certificate. The encoding of the name may
// differ between the leaf and the issuer's own certificate, and responders use either.
bool IssuerFits(const OcspResponse::Answer& answer, const Certificate& leaf,
                const Certificate& issuer) {
  const EVP_MD* digest = EVP_get_digestbynid(answer.hash);
  if (digest == nullptr) return false;
  const auto has_name_of = [&](const std::string& name) {
    return DigestOf(digest, Data(name), name.size()) == answer.issuer_name_hash;
  };
  const ASN1_BIT_STRING* key = X509_get0_pubkey_bitstr(issuer.x509());
  return (has_name_of(leaf.issuer_der()) || has_name_of(issuer.subject_der())) &&
         DigestOf(digest, ASN1_STRING_get0_data(key),
                  static_cast<size_t>(ASN1_STRING_length(key))) == answer.issuer_key_hash;
}

bool MaySignResponses(const Certificate& certificate) {
  bssl::UniquePtr<EXTENDED_KEY_USAGE> usages(static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(certificate.x509(), NID_ext_key_usage, nullptr, nullptr)));
  if (usages == nullptr) return false;
  for (size_t i = 0; i < sk_ASN1_OBJECT_num(usages.get()); ++i) {
    if (OBJ_obj2nid(sk_ASN1_OBJECT_value(usages.get(), i)) == NID_OCSP_sign) return true;
  }
  return false;
}

}  // namespace

// OcspResponseParser reads the parts of an OCSPResponse in their order (RFC 6960, 4.2.1).
class OcspResponseParser {
 public:
  absl::StatusOr<OcspResponse> Run(std::string_view der) {
    CBS in = AsCbs(der), outer, code;
    if (!CBS_get_asn1(&in, &outer, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&outer, &code, CBS_ASN1_ENUMERATED) || CBS_len(&code) != 1) {
      return Damaged();
    }
    if (CBS_len(&in) != 0) return Reject("bytes follow the end of the response");
    if (CBS_data(&code)[0] != 0) {
      return Reject(absl::StrCat("the responder returned an error (",
                                 std::string(StatusWord(CBS_data(&code)[0])), ")"));
    }
    CBS wrapper, bytes, type, basic;
    if (!CBS_get_asn1(&outer, &wrapper, kTag | 0) || CBS_len(&outer) != 0 ||
        !CBS_get_asn1(&wrapper, &bytes, CBS_ASN1_SEQUENCE) || CBS_len(&wrapper) != 0 ||
        !CBS_get_asn1(&bytes, &type, CBS_ASN1_OBJECT) ||
        !CBS_get_asn1(&bytes, &basic, CBS_ASN1_OCTETSTRING) || CBS_len(&bytes) != 0 ||
        OBJ_cbs2nid(&type) != NID_id_pkix_OCSP_basic) {
      return Damaged();
    }
    if (absl::Status status = ReadBasic(basic); !status.ok()) return status;
    return std::move(response_);
  }

 private:
  absl::Status ReadBasic(CBS in) {
    CBS basic, data, algorithm, signature;
    uint8_t unused = 0;
    if (!CBS_get_asn1(&in, &basic, CBS_ASN1_SEQUENCE) || CBS_len(&in) != 0 ||
        !CBS_get_asn1_element(&basic, &data, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1_element(&basic, &algorithm, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&basic, &signature, CBS_ASN1_BITSTRING) || !CBS_get_u8(&signature, &unused) ||
        unused != 0) {
      return Damaged();
    }
    absl::StatusOr<SignatureScheme> scheme = SignatureScheme::Parse(View(algorithm));
    if (!scheme.ok()) return scheme.status();
    response_.scheme_ = *std::move(scheme);
    response_.signature_ = View(signature);
    const EVP_MD* digest = response_.scheme_.digest();
    response_.signed_bytes_ = digest == nullptr ? std::string(View(data))
                                                : DigestOf(digest, CBS_data(&data), CBS_len(&data));
    if (absl::Status status = ReadCertificates(basic); !status.ok()) return status;
    return ReadData(data);
  }

  absl::Status ReadCertificates(CBS rest) {
    if (CBS_len(&rest) == 0) return absl::OkStatus();
    CBS wrapper, list;
    if (!CBS_get_asn1(&rest, &wrapper, kTag | 0) || CBS_len(&rest) != 0 ||
        !CBS_get_asn1(&wrapper, &list, CBS_ASN1_SEQUENCE) || CBS_len(&wrapper) != 0) {
      return Damaged();
    }
    while (CBS_len(&list) != 0) {
      CBS der;
      if (!CBS_get_asn1_element(&list, &der, CBS_ASN1_SEQUENCE)) return Damaged();
      if (response_.certificates_.size() == kMaxCertificates) {
        return Reject("it contains too many certificates");
      }
      auto certificate = Certificate::FromDer(View(der));
      if (!certificate.ok()) return certificate.status();
      response_.certificates_.push_back(*std::move(certificate));
    }
    return absl::OkStatus();
  }

  absl::Status ReadData(CBS in) {
    CBS data, version, responder, answers;
    CBS_ASN1_TAG responder_tag = 0;
    int has_version = 0, has_extensions = 0;
    int64_t produced_at = 0;
    if (!CBS_get_asn1(&in, &data, CBS_ASN1_SEQUENCE) ||
        !CBS_get_optional_asn1(&data, &version, &has_version, kTag | 0)) {
      return Damaged();
    }
    if (has_version) return Reject("it has an unknown version");
    if (!CBS_get_any_asn1(&data, &responder, &responder_tag) ||
        (responder_tag != (kTag | 1) && responder_tag != (kTag | 2)) ||
        !TakeGeneralizedTime(&data, &produced_at) ||
        !CBS_get_asn1(&data, &answers, CBS_ASN1_SEQUENCE) ||
        !TakeExtensions(&data, &has_extensions) || CBS_len(&data) != 0) {
      return Damaged();
    }
    while (CBS_len(&answers) != 0) {
      OcspResponse::Answer answer;
      if (!TakeAnswer(&answers, &answer)) return Damaged();
      if (response_.answers_.size() == kMaxAnswers) return Reject("it contains too many statuses");
      response_.answers_.push_back(std::move(answer));
    }
    return response_.answers_.empty() ? Reject("it contains no status") : absl::OkStatus();
  }

  // [1] EXPLICIT Extensions OPTIONAL: they are skipped; clients evaluate them.
  static bool TakeExtensions(CBS* in, int* present) {
    CBS wrapper;
    return CBS_get_optional_asn1(in, &wrapper, present, kTag | 1) == 1;
  }

  static bool TakeAnswer(CBS* in, OcspResponse::Answer* answer) {
    CBS single, id, algorithm, oid, name, key, serial, status, next;
    CBS_ASN1_TAG status_tag = 0;
    int has_next = 0, has_extensions = 0;
    if (!CBS_get_asn1(in, &single, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&single, &id, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&id, &algorithm, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&algorithm, &oid, CBS_ASN1_OBJECT) ||
        !CBS_get_asn1(&id, &name, CBS_ASN1_OCTETSTRING) ||
        !CBS_get_asn1(&id, &key, CBS_ASN1_OCTETSTRING) ||
        !CBS_get_asn1(&id, &serial, CBS_ASN1_INTEGER) ||
        !CBS_is_valid_asn1_integer(&serial, nullptr) || CBS_len(&id) != 0 ||
        !CBS_get_any_asn1(&single, &status, &status_tag) ||
        !TakeGeneralizedTime(&single, &answer->this_update) ||
        !CBS_get_optional_asn1(&single, &next, &has_next, kTag | 0) ||
        (has_next && (!TakeGeneralizedTime(&next, &answer->next_update) || CBS_len(&next) != 0)) ||
        !TakeExtensions(&single, &has_extensions) || CBS_len(&single) != 0) {
      return false;
    }
    if (status_tag == (CBS_ASN1_CONTEXT_SPECIFIC | 0)) {
      answer->status = OcspResponse::Status::kGood;
    } else if (status_tag == (kTag | 1)) {
      answer->status = OcspResponse::Status::kRevoked;
    } else if (status_tag != (CBS_ASN1_CONTEXT_SPECIFIC | 2)) {
      return false;
    }
    answer->hash = OBJ_cbs2nid(&oid);
    answer->issuer_name_hash = View(name);
    answer->issuer_key_hash = View(key);
    answer->serial = SerialText(serial);
    return true;
  }

  OcspResponse response_;
};

absl::StatusOr<OcspResponse> OcspResponse::Parse(std::string_view der) {
  ClearErrors();
  absl::StatusOr<OcspResponse> response = OcspResponseParser().Run(der);
  ClearErrors();
  return response;
}

bool OcspResponse::SignedBy(const Certificate& certificate) const {
  bssl::UniquePtr<EVP_PKEY> key(X509_get_pubkey(certificate.x509()));
  return key != nullptr && scheme_.Verify(key.get(), signed_bytes_, signature_);
}

CertificatePtr OcspResponse::FindSigner(const CertificatePtr& issuer, int64_t now) const {
  if (SignedBy(*issuer)) return issuer;
  for (const CertificatePtr& responder : certificates_) {
    // The issuer itself must have issued the responder's certificate for this purpose (RFC 6960,
    // 4.2.2.2).
    if (responder->IssuedBy(*issuer) && MaySignResponses(*responder) &&
        responder->not_before() <= now && now < responder->not_after() &&
        !responder->weak_signature() && SignedBy(*responder)) {
      return responder;
    }
  }
  return nullptr;
}

absl::StatusOr<OcspResponse::ValidAnswer> OcspResponse::Validate(
    const Certificate& leaf, const std::vector<CertificatePtr>& authorities, int64_t now) const {
  ClearErrors();
  CertificatePtr issuer;
  for (const CertificatePtr& authority : authorities) {
    if (leaf.IssuedBy(*authority)) issuer = authority;
  }
  const Answer* found = nullptr;
  for (const Answer& answer : answers_) {
    if (answer.serial != leaf.serial()) continue;
    if (issuer != nullptr && !IssuerFits(answer, leaf, *issuer)) continue;
    found = &answer;
    break;
  }
  if (found == nullptr) {
    return Reject(absl::StrCat("it is about another certificate (serial number ",
                               answers_.front().serial, ") than ", leaf.subject(),
                               " (serial number ", leaf.serial(), ")"));
  }
  if (found->status == Status::kRevoked) {
    return Reject(absl::StrCat("it has the status revoked for the certificate ", leaf.subject()));
  }
  if (found->status == Status::kUnknown) {
    return Reject(absl::StrCat("it has the status unknown for the certificate ", leaf.subject()));
  }
  ValidAnswer valid{*found, nullptr};
  if (issuer == nullptr) return valid;
  valid.signer = FindSigner(issuer, now);
  ClearErrors();
  if (valid.signer != nullptr) return valid;
  return Reject(absl::StrCat("it was signed neither by ", issuer->subject(),
                             " nor by a responder that this CA has authorized"));
}

}  // namespace mantlet::x509
