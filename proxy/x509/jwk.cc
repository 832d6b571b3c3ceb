#include "proxy/x509/jwk.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <cstdint>

#include "proxy/x509/byte_view.h"
#include "proxy/x509/openssl_errors.h"
#include "proxy/x509/public_key.h"

namespace mantlet::x509 {
namespace {

std::string Bytes(const BIGNUM* number) {
  std::string bytes(BN_num_bytes(number), '\0');
  BN_bn2bin(number, MutableData(bytes));
  return bytes;
}

void DescribeRsa(const RSA* rsa, Jwk* jwk) {
  jwk->kty = "RSA";
  jwk->numbers = {{"n", Bytes(RSA_get0_n(rsa))}, {"e", Bytes(RSA_get0_e(rsa))}};
}

void DescribeEc(const EC_KEY* key, Jwk* jwk) {
  const EC_GROUP* group = EC_KEY_get0_group(key);
  const char* curve = CurveName(key);
  // One byte for "uncompressed", then both coordinates.
  uint8_t point[1 + 2 * 66];
  const size_t size =
      EC_POINT_point2oct(group, EC_KEY_get0_public_key(key), POINT_CONVERSION_UNCOMPRESSED, point,
                         sizeof(point), nullptr);
  // RFC 7518 section 6.2.1.1 has no name for P-224.
  if (curve == nullptr || EC_GROUP_get_curve_name(group) == NID_secp224r1 || size == 0) return;
  const std::string coordinates(View(point + 1, size - 1));
  jwk->kty = "EC";
  jwk->crv = curve;
  jwk->numbers = {{"x", coordinates.substr(0, coordinates.size() / 2)},
                  {"y", coordinates.substr(coordinates.size() / 2)}};
}

void DescribeEd25519(const EVP_PKEY* key, Jwk* jwk) {
  uint8_t raw[32];
  size_t size = sizeof(raw);
  if (!EVP_PKEY_get_raw_public_key(key, raw, &size)) return;
  jwk->kty = "OKP";
  jwk->crv = "Ed25519";
  jwk->numbers = {{"x", std::string(View(raw, size))}};
}

}  // namespace

Jwk DescribeAsJwk(const Certificate& certificate) {
  Jwk jwk;
  ClearErrors();
  bssl::UniquePtr<EVP_PKEY> key(X509_get_pubkey(certificate.x509()));
  if (key != nullptr) {
    if (const RSA* rsa = EVP_PKEY_get0_RSA(key.get()); rsa != nullptr) {
      DescribeRsa(rsa, &jwk);
    } else if (const EC_KEY* ec = EVP_PKEY_get0_EC_KEY(key.get()); ec != nullptr) {
      DescribeEc(ec, &jwk);
    } else if (EVP_PKEY_id(key.get()) == EVP_PKEY_ED25519) {
      DescribeEd25519(key.get(), &jwk);
    }
  }
  ClearErrors();
  return jwk;
}

}  // namespace mantlet::x509
