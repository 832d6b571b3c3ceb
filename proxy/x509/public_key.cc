#include "proxy/x509/public_key.h"

#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/nid.h>

#include "absl/strings/str_cat.h"

namespace mantlet::x509 {
namespace {

constexpr int kMinRsaBits = 2048;
constexpr int kMinCurveBits = 256;

}  // namespace

const char* CurveName(const EC_KEY* key) {
  const EC_GROUP* group = key == nullptr ? nullptr : EC_KEY_get0_group(key);
  switch (group == nullptr ? NID_undef : EC_GROUP_get_curve_name(group)) {
    case NID_secp224r1:
      return "P-224";
    case NID_X9_62_prime256v1:
      return "P-256";
    case NID_secp384r1:
      return "P-384";
    case NID_secp521r1:
      return "P-521";
    default:
      return nullptr;
  }
}

bool IsKnownKind(const EVP_PKEY* key) {
  const int id = key == nullptr ? EVP_PKEY_NONE : EVP_PKEY_id(key);
  return id == EVP_PKEY_RSA || id == EVP_PKEY_EC || id == EVP_PKEY_ED25519;
}

bool IsWeakKey(const EVP_PKEY* key) {
  if (key == nullptr) return true;
  switch (EVP_PKEY_id(key)) {
    case EVP_PKEY_RSA:
      return static_cast<int>(EVP_PKEY_bits(key)) < kMinRsaBits;
    case EVP_PKEY_EC:
      return static_cast<int>(EVP_PKEY_bits(key)) < kMinCurveBits;
    case EVP_PKEY_ED25519:
      return false;
    default:
      return true;
  }
}

PublicKey DescribeKey(const EVP_PKEY* key) {
  PublicKey description;
  if (key == nullptr) {
    description.text = "unknown";
    description.weakness = "its key is of a kind that the TLS library does not support";
    return description;
  }
  // For other kinds the library cannot always determine the size: a DSA key may lack the numbers
  // that it needs (RFC 3279, 2.3.2).
  if (IsKnownKind(key)) description.bits = static_cast<int>(EVP_PKEY_bits(key));
  switch (EVP_PKEY_id(key)) {
    case EVP_PKEY_RSA:
      description.kind = KeyKind::kRsa;
      description.text = absl::StrCat("RSA ", description.bits);
      break;
    case EVP_PKEY_EC: {
      const char* curve = CurveName(EVP_PKEY_get0_EC_KEY(key));
      description.kind = KeyKind::kEcdsa;
      description.text = absl::StrCat("ECDSA ", curve == nullptr ? "unknown curve" : curve);
      break;
    }
    case EVP_PKEY_ED25519:
      description.kind = KeyKind::kEd25519;
      description.text = "Ed25519";
      break;
    default:
      description.text = "unknown";
      description.weakness = "its key is of a kind that is not accepted";
      return description;
  }
  if (IsWeakKey(key)) {
    description.weakness = absl::StrCat(
        "its key is ", description.text, ", and ",
        description.kind == KeyKind::kRsa ? "RSA keys below 2048 bits" : "curves below P-256",
        " are not accepted");
  }
  return description;
}

}  // namespace mantlet::x509
