#include "proxy/x509/der_kind.h"

#include <openssl/bytestring.h>

#include "absl/strings/str_cat.h"
#include "proxy/x509/byte_view.h"

namespace mantlet::x509 {
namespace {

constexpr CBS_ASN1_TAG kVersionTag = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0;
constexpr std::string_view kSignedData = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
constexpr std::string_view kCmsArc = "\x2a\x86\x48\x86\xf7\x0d\x01\x07";  // PKCS#7, RFC 5652

bool Skip(CBS* cbs, CBS_ASN1_TAG tag) { return CBS_get_asn1(cbs, nullptr, tag) == 1; }

bool Peek(const CBS& cbs, CBS_ASN1_TAG tag) { return CBS_peek_asn1_tag(&cbs, tag) == 1; }

bool IsTime(const CBS& cbs) {
  return Peek(cbs, CBS_ASN1_UTCTIME) || Peek(cbs, CBS_ASN1_GENERALIZEDTIME);
}

// Returns the kind of the first element of SEQUENCE { to be signed, algorithm, BIT STRING }.
DerKind KindOfSigned(CBS signed_part) {
  if (Peek(signed_part, kVersionTag)) return DerKind::kCertificate;
  if (Peek(signed_part, CBS_ASN1_INTEGER)) Skip(&signed_part, CBS_ASN1_INTEGER);
  for (int i = 0; i < 2; ++i) {
    if (!Skip(&signed_part, CBS_ASN1_SEQUENCE)) return DerKind::kUnknown;
  }
  if (IsTime(signed_part)) return DerKind::kRevocationList;
  if (Peek(signed_part, kVersionTag)) return DerKind::kCertificateRequest;  // the attributes
  return Peek(signed_part, CBS_ASN1_SEQUENCE) ? DerKind::kCertificate : DerKind::kUnknown;
}

DerKind KindAfterSequence(const CBS& first, CBS rest) {
  if (Peek(rest, CBS_ASN1_BITSTRING)) return DerKind::kPublicKey;
  if (Peek(rest, CBS_ASN1_OCTETSTRING)) return DerKind::kEncryptedPrivateKey;
  if (Skip(&rest, CBS_ASN1_SEQUENCE) && Peek(rest, CBS_ASN1_BITSTRING)) return KindOfSigned(first);
  return DerKind::kUnknown;
}

DerKind KindAfterInteger(CBS rest) {
  if (Peek(rest, CBS_ASN1_SEQUENCE)) return DerKind::kPrivateKey;
  if (Peek(rest, CBS_ASN1_OCTETSTRING)) return DerKind::kEcPrivateKey;
  int integers = 0;
  while (Peek(rest, CBS_ASN1_INTEGER) && Skip(&rest, CBS_ASN1_INTEGER)) ++integers;
  if (CBS_len(&rest) != 0) return DerKind::kUnknown;
  if (integers == 8) return DerKind::kRsaPrivateKey;
  return integers == 5 ? DerKind::kDsaPrivateKey : DerKind::kUnknown;
}

// Opens the outermost SEQUENCE as far as its bytes are present, whatever its length field is: the
// indefinite length of BER is common in PKCS#7 and PKCS#12.
bool OpenSequence(std::string_view bytes, CBS* content) {
  if (bytes.size() < 2 || bytes[0] != 0x30) return false;
  const auto length = static_cast<uint8_t>(bytes[1]);
  const size_t header = 2 + (length > 0x80 ? length & 0x7fU : 0U);
  if (header > 2 + sizeof(uint32_t) || bytes.size() <= header) return false;
  *content = AsCbs(bytes.substr(header));
  return true;
}

bool StartsWithObject(const CBS& content, std::string_view oid, bool exactly) {
  CBS rest = content, object;
  return CBS_get_asn1(&rest, &object, CBS_ASN1_OBJECT) &&
         (exactly ? View(object) == oid : View(object).starts_with(oid));
}

}  // namespace

size_t SizeOfDer(std::string_view bytes) {
  if (bytes.size() < 2 || bytes[0] != 0x30) return 0;
  const auto length = static_cast<uint8_t>(bytes[1]);
  if (length < 0x80) return 2 + size_t{length};
  const size_t more = length & 0x7fU;
  if (more == 0 || more > sizeof(uint32_t) || bytes.size() < 2 + more) return 0;
  size_t size = 0;
  for (size_t i = 0; i < more; ++i) size = size << 8 | static_cast<uint8_t>(bytes[2 + i]);
  return 2 + more + size;
}

DerKind KindOfDer(std::string_view bytes) {
  CBS content;
  if (!OpenSequence(bytes, &content)) return DerKind::kNone;
  if (StartsWithObject(content, kSignedData, true)) return DerKind::kPkcs7;
  if (StartsWithObject(content, kCmsArc, false)) return DerKind::kOtherCms;
  CBS rest = content, first;
  uint64_t version = 0;
  if (CBS_get_asn1_uint64(&rest, &version)) {
    // PFX, whose content may also have an indefinite length.
    if (version == 3 && CBS_len(&rest) != 0 && CBS_data(&rest)[0] == 0x30) return DerKind::kPkcs12;
    return KindAfterInteger(rest);
  }
  rest = content;
  if (CBS_get_asn1(&rest, &first, CBS_ASN1_SEQUENCE)) return KindAfterSequence(first, rest);
  return Peek(content, CBS_ASN1_ENUMERATED) ? DerKind::kOcspResponse : DerKind::kUnknown;
}

std::string DamageOfCertificate(std::string_view der) {
  CBS in = AsCbs(der), certificate, signed_part, field;
  if (!CBS_get_asn1(&in, &certificate, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&certificate, &signed_part, CBS_ASN1_SEQUENCE)) {
    return "its outer structure is damaged";
  }
  CBS* s = &signed_part;
  if (Peek(*s, kVersionTag) && !Skip(s, kVersionTag)) return "its version is damaged";
  if (!CBS_get_asn1(s, &field, CBS_ASN1_INTEGER) || !CBS_is_valid_asn1_integer(&field, nullptr)) {
    return "its serial number is damaged";
  }
  if (!Skip(s, CBS_ASN1_SEQUENCE)) return "its signature algorithm is damaged";
  if (!Skip(s, CBS_ASN1_SEQUENCE)) return "its issuer is damaged";
  if (!CBS_get_asn1(s, &field, CBS_ASN1_SEQUENCE) || !IsTime(field)) {
    return "its validity dates are damaged";
  }
  if (!Skip(s, CBS_ASN1_SEQUENCE)) return "its subject is damaged";
  if (!CBS_get_asn1(s, &field, CBS_ASN1_SEQUENCE) || !Skip(&field, CBS_ASN1_SEQUENCE) ||
      !Skip(&field, CBS_ASN1_BITSTRING)) {
    return "its public key is damaged";
  }
  if (!Skip(&certificate, CBS_ASN1_SEQUENCE) || !Skip(&certificate, CBS_ASN1_BITSTRING)) {
    return "its signature is damaged";
  }
  return "a version, a name, a date or an extension in it violates RFC 5280";
}

}  // namespace mantlet::x509
