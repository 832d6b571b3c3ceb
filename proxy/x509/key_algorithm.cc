#include "proxy/x509/key_algorithm.h"

#include <openssl/bytestring.h>
#include <openssl/mem.h>

#include "absl/strings/str_cat.h"
#include "proxy/x509/byte_view.h"

namespace mantlet::x509 {
namespace {

using std::string_view_literals::operator""sv;

struct KnownObject {
  std::string_view oid;  // content octets
  const char* name;
};

constexpr KnownObject kAlgorithms[] = {
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", ""},  // rsaEncryption
    {"\x2b\x65\x70", ""},                          // Ed25519
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", "RSA-PSS"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x07", "RSA-OAEP"},
    {"\x2b\x65\x71", "Ed448"},
    {"\x2b\x65\x6e", "X25519"},
    {"\x2b\x65\x6f", "X448"},
    {"\x2a\x86\x48\xce\x38\x04\x01", "DSA"},
    {"\x2a\x86\x48\xce\x3e\x02\x01", "DH"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x03\x01", "DH"},
    {"\x2a\x81\x1c\xcf\x55\x01\x82\x2d", "SM2"},
    {"\x2a\x85\x03\x07\x01\x01\x01\x01", "GOST"},
    {"\x2a\x85\x03\x07\x01\x01\x01\x02", "GOST"},
    {"\x2a\x85\x03\x02\x02\x13", "GOST"},
    {"\x60\x86\x48\x01\x65\x03\x04\x03\x11", "ML-DSA-44"},
    {"\x60\x86\x48\x01\x65\x03\x04\x03\x12", "ML-DSA-65"},
    {"\x60\x86\x48\x01\x65\x03\x04\x03\x13", "ML-DSA-87"},
};

constexpr std::string_view kEcPublicKey = "\x2a\x86\x48\xce\x3d\x02\x01";
constexpr KnownObject kCurves[] = {
    {"\x2a\x86\x48\xce\x3d\x03\x01\x07", ""},  // P-256
    {"\x2b\x81\x04\x00\x22"sv, ""},            // P-384
    {"\x2b\x81\x04\x00\x23"sv, ""},            // P-521
    {"\x2b\x81\x04\x00\x21"sv, ""},            // P-224, rejected later as weak
    {"\x2b\x81\x04\x00\x0a"sv, "ECDSA secp256k1"},
    {"\x2a\x86\x48\xce\x3d\x03\x01\x01", "ECDSA P-192"},
    {"\x2b\x24\x03\x03\x02\x08\x01\x01\x07", "ECDSA brainpoolP256r1"},
    {"\x2b\x24\x03\x03\x02\x08\x01\x01\x0b", "ECDSA brainpoolP384r1"},
    {"\x2b\x24\x03\x03\x02\x08\x01\x01\x0d", "ECDSA brainpoolP512r1"},
    {"\x2a\x81\x1c\xcf\x55\x01\x82\x2d", "SM2"},
};

std::string Dotted(const CBS& oid) {
  char* text = CBS_asn1_oid_to_text(&oid);
  std::string dotted = text == nullptr ? "unknown" : text;
  OPENSSL_free(text);
  return dotted;
}

template <size_t N>
const KnownObject* Find(const KnownObject (&objects)[N], std::string_view oid) {
  for (const KnownObject& object : objects) {
    if (object.oid == oid) return &object;
  }
  return nullptr;
}

std::string UnsupportedCurve(CBS parameters) {
  CBS curve;
  if (!CBS_get_asn1(&parameters, &curve, CBS_ASN1_OBJECT)) {
    return "ECDSA with parameters instead of a named curve";
  }
  const KnownObject* known = Find(kCurves, View(curve));
  return known == nullptr ? absl::StrCat("ECDSA on curve ", Dotted(curve)) : known->name;
}

}  // namespace

std::string UnsupportedKind(std::string_view algorithm) {
  CBS in = AsCbs(algorithm), oid;
  if (!CBS_get_asn1(&in, &oid, CBS_ASN1_OBJECT)) return "";
  if (View(oid) == kEcPublicKey) return UnsupportedCurve(in);
  const KnownObject* known = Find(kAlgorithms, View(oid));
  return known == nullptr ? absl::StrCat("kind ", Dotted(oid)) : known->name;
}

std::string UnsupportedKindOfSpki(std::string_view spki) {
  CBS in = AsCbs(spki), content, algorithm;
  if (!CBS_get_asn1(&in, &content, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&content, &algorithm, CBS_ASN1_SEQUENCE)) {
    return "";
  }
  return UnsupportedKind(View(algorithm));
}

std::string UnsupportedKindText(const std::string& kind) {
  if (kind == "RSA-PSS" || kind == "RSA-OAEP") {
    return absl::StrCat(kind, " keys are not supported; make an RSA key (rsaEncryption)");
  }
  return absl::StrCat(kind, kind.starts_with("ECDSA with") ? " is" : " keys are",
                      " not supported; make an ECDSA key on P-256, an Ed25519 or an RSA key");
}

}  // namespace mantlet::x509
