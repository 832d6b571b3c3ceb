#include "proxy/x509/key_generator.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proxy/x509/openssl_errors.h"

namespace mantlet::x509 {
namespace {

bssl::UniquePtr<EVP_PKEY> GenerateCurveKey(int nid) {
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(nid));
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  if (ec == nullptr || key == nullptr || !EC_KEY_generate_key(ec.get()) ||
      !EVP_PKEY_set1_EC_KEY(key.get(), ec.get())) {
    return nullptr;
  }
  return key;
}

bssl::UniquePtr<EVP_PKEY> GenerateRsaKey(int bits) {
  bssl::UniquePtr<RSA> rsa(RSA_new());
  bssl::UniquePtr<BIGNUM> exponent(BN_new());
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  if (rsa == nullptr || exponent == nullptr || key == nullptr ||
      !BN_set_word(exponent.get(), RSA_F4) ||
      !RSA_generate_key_ex(rsa.get(), bits, exponent.get(), nullptr) ||
      !EVP_PKEY_set1_RSA(key.get(), rsa.get())) {
    return nullptr;
  }
  return key;
}

bssl::UniquePtr<EVP_PKEY> GenerateEd25519Key() {
  uint8_t seed[32];
  RAND_bytes(seed, sizeof(seed));
  bssl::UniquePtr<EVP_PKEY> key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed, sizeof(seed)));
  OPENSSL_cleanse(seed, sizeof(seed));
  return key;
}

bssl::UniquePtr<EVP_PKEY> Generate(KeyType type) {
  switch (type) {
    case KeyType::kP256:
      return GenerateCurveKey(NID_X9_62_prime256v1);
    case KeyType::kP384:
      return GenerateCurveKey(NID_secp384r1);
    case KeyType::kP224:
      return GenerateCurveKey(NID_secp224r1);
    case KeyType::kEd25519:
      return GenerateEd25519Key();
    case KeyType::kRsa2048:
      return GenerateRsaKey(2048);
    case KeyType::kRsa1024:
      return GenerateRsaKey(1024);
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<PrivateKeyPtr> GenerateKey(KeyType type) {
  ClearErrors();
  bssl::UniquePtr<EVP_PKEY> key = Generate(type);
  if (key == nullptr) {
    return absl::InternalError(absl::StrCat("no key could be generated: ", TakeErrors()));
  }
  return PrivateKey::FromPkey(key.release());
}

}  // namespace mantlet::x509
