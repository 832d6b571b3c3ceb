#include "proxy/x509/private_key.h"

#include <openssl/bytestring.h>
#include <openssl/cipher.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pkcs8.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <array>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proxy/base/key_memory.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/der_kind.h"
#include "proxy/x509/encrypted_key.h"
#include "proxy/x509/key_algorithm.h"
#include "proxy/x509/openssl_errors.h"
#include "proxy/x509/pem.h"
#include "proxy/x509/wipe.h"

namespace mantlet::x509 {
namespace {

std::string TakeBytes(CBB* cbb) {
  uint8_t* bytes = nullptr;
  size_t size = 0;
  if (!CBB_finish(cbb, &bytes, &size)) return "";
  std::string taken(View(bytes, size));
  OPENSSL_free(bytes);
  return taken;
}

bssl::UniquePtr<EVP_PKEY> ParsePkcs8(std::string_view der) {
  CBS cbs = AsCbs(der);
  bssl::UniquePtr<EVP_PKEY> key(EVP_parse_private_key(&cbs));
  return CBS_len(&cbs) == 0 ? std::move(key) : nullptr;
}

// Returns the subjectPublicKey of the key's SubjectPublicKeyInfo, including the leading number of
// unused bits.
std::string PublicHalf(const EVP_PKEY* key) {
  bssl::ScopedCBB cbb;
  if (!CBB_init(cbb.get(), 128) || !EVP_marshal_public_key(cbb.get(), key)) return "";
  const std::string spki = TakeBytes(cbb.get());
  CBS in = AsCbs(spki), content, bits;
  if (!CBS_get_asn1(&in, &content, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&content, nullptr, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&content, &bits, CBS_ASN1_BITSTRING)) {
    return "";
  }
  return std::string(View(bits));
}

// Parses a OneAsymmetricKey of version 2 (RFC 5958): a PrivateKeyInfo with the public key at its
// end, which the library does not support. Returns null unless the two keys match.
bssl::UniquePtr<EVP_PKEY> ParseWithPublicHalf(std::string_view der) {
  constexpr CBS_ASN1_TAG kAttributes = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0;
  constexpr CBS_ASN1_TAG kPublicKey = CBS_ASN1_CONTEXT_SPECIFIC | 1;
  CBS in = AsCbs(der), info, algorithm, secret, half, wrapped;
  uint64_t version = 0;
  if (!CBS_get_asn1(&in, &info, CBS_ASN1_SEQUENCE) || CBS_len(&in) != 0 ||
      !CBS_get_asn1_uint64(&info, &version) || version != 1 ||
      !CBS_get_asn1(&info, &algorithm, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&info, &secret, CBS_ASN1_OCTETSTRING) ||
      !CBS_get_optional_asn1(&info, nullptr, nullptr, kAttributes)) {
    return nullptr;
  }
  // IMPLICIT, as in the RFC, or EXPLICIT, as older versions of ring write it.
  if (CBS_peek_asn1_tag(&info, kPublicKey | CBS_ASN1_CONSTRUCTED)) {
    if (!CBS_get_asn1(&info, &wrapped, kPublicKey | CBS_ASN1_CONSTRUCTED) ||
        !CBS_get_asn1(&wrapped, &half, CBS_ASN1_BITSTRING) || CBS_len(&wrapped) != 0) {
      return nullptr;
    }
  } else if (!CBS_get_asn1(&info, &half, kPublicKey)) {
    return nullptr;
  }
  if (CBS_len(&info) != 0) return nullptr;
  bssl::ScopedCBB cbb;
  CBB first, out_algorithm, out_secret;
  if (!CBB_init(cbb.get(), der.size()) || !CBB_add_asn1(cbb.get(), &first, CBS_ASN1_SEQUENCE) ||
      !CBB_add_asn1_uint64(&first, 0) || !CBB_add_asn1(&first, &out_algorithm, CBS_ASN1_SEQUENCE) ||
      !CBB_add_bytes(&out_algorithm, CBS_data(&algorithm), CBS_len(&algorithm)) ||
      !CBB_add_asn1(&first, &out_secret, CBS_ASN1_OCTETSTRING) ||
      !CBB_add_bytes(&out_secret, CBS_data(&secret), CBS_len(&secret))) {
    return nullptr;
  }
  std::string plain = TakeBytes(cbb.get());
  WipeAtEnd wipe(&plain);
  bssl::UniquePtr<EVP_PKEY> key = ParsePkcs8(plain);
  return key != nullptr && PublicHalf(key.get()) == View(half) ? std::move(key) : nullptr;
}

bssl::UniquePtr<EVP_PKEY> ParsePkcs1(std::string_view der) {
  CBS cbs = AsCbs(der);
  bssl::UniquePtr<RSA> rsa(RSA_parse_private_key(&cbs));
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  if (rsa == nullptr || CBS_len(&cbs) != 0 || key == nullptr ||
      !EVP_PKEY_set1_RSA(key.get(), rsa.get())) {
    return nullptr;
  }
  return key;
}

bssl::UniquePtr<EVP_PKEY> ParseSec1(std::string_view der) {
  CBS cbs = AsCbs(der);
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_parse_private_key(&cbs, nullptr));
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  if (ec == nullptr || CBS_len(&cbs) != 0 || key == nullptr ||
      !EVP_PKEY_set1_EC_KEY(key.get(), ec.get())) {
    return nullptr;
  }
  return key;
}

// Returns why a key could not be parsed in any form.
std::string WhyNot(std::string_view der) {
  constexpr char kDamaged[] =
      "it is a private key that is damaged or incomplete; copy it again from its source";
  CBS in = AsCbs(der), info, algorithm;
  const DerKind kind = KindOfDer(der);
  if (kind == DerKind::kDsaPrivateKey) return UnsupportedKindText("DSA");
  if (kind == DerKind::kEcPrivateKey) {
    return "it is an EC private key of a curve that is not supported, or without its curve; make "
           "an ECDSA key on P-256, or convert it with: openssl pkcs8 -topk8 -nocrypt";
  }
  if (kind == DerKind::kRsaPrivateKey) return kDamaged;
  if (kind != DerKind::kPrivateKey) {
    return "it is not a private key in PKCS#8, PKCS#1 or SEC1; copy it again from its source";
  }
  if (CBS_get_asn1(&in, &info, CBS_ASN1_SEQUENCE) &&
      CBS_get_asn1(&info, nullptr, CBS_ASN1_INTEGER) &&
      CBS_get_asn1(&info, &algorithm, CBS_ASN1_SEQUENCE)) {
    const std::string unsupported = UnsupportedKind(View(algorithm));
    if (!unsupported.empty()) return UnsupportedKindText(unsupported);
  }
  return kDamaged;
}

// Parses the decrypted key and wipes it.
absl::StatusOr<PrivateKeyPtr> Opened(absl::StatusOr<std::string> der) {
  if (!der.ok()) return der.status();
  WipeAtEnd wipe(&*der);
  absl::StatusOr<PrivateKeyPtr> key = PrivateKey::FromDer(*der);
  // For one wrong passphrase in 256 the padding is valid by chance.
  if (!key.ok()) return absl::UnauthenticatedError("the passphrase is wrong");
  return key;
}

// Signs once with an RSA key: what the library computes from the primes for its operations, and
// keeps, is then in the memory for keys, too. It has no such values for keys of other kinds.
void UseOnce(EVP_PKEY* key) {
  RSA* const rsa = EVP_PKEY_get0_RSA(key);
  if (rsa == nullptr) return;
  const base::KeyMemoryScope scope;
  const std::array<uint8_t, SHA256_DIGEST_LENGTH> digest{};
  std::string signature(RSA_size(rsa), '\0');
  unsigned size = 0;
  // If it fails, so will the handshakes, and report that.
  (void)RSA_sign(NID_sha256, digest.data(), digest.size(), MutableData(signature), &size, rsa);
  ClearErrors();
}

}  // namespace

absl::StatusOr<PrivateKeyPtr> PrivateKey::FromDer(std::string_view der) {
  ClearErrors();
  const base::KeyMemoryScope scope;
  bssl::UniquePtr<EVP_PKEY> key = ParsePkcs8(der);
  if (key == nullptr) key = ParseWithPublicHalf(der);
  if (key == nullptr) key = ParsePkcs1(der);
  if (key == nullptr) key = ParseSec1(der);
  ClearErrors();
  if (key == nullptr) return absl::InvalidArgumentError(WhyNot(der));
  return FromPkey(key.release());
}

absl::StatusOr<PrivateKeyPtr> PrivateKey::FromEncryptedDer(std::string_view der,
                                                           std::string_view passphrase) {
  ClearErrors();
  const base::KeyMemoryScope scope;
  CBS cbs = AsCbs(der);
  bssl::UniquePtr<EVP_PKEY> key(
      PKCS8_parse_encrypted_private_key(&cbs, passphrase.data(), passphrase.size()));
  if (key != nullptr && CBS_len(&cbs) == 0) return FromPkey(key.release());
  // A wrong passphrase produces random bytes and can cause any error. The file may also have one of
  // the forms that the library does not support.
  ClearErrors();
  return Opened(DecryptPbes2(der, passphrase));
}

absl::StatusOr<PrivateKeyPtr> PrivateKey::FromOldPem(std::string_view dek_info,
                                                     std::string_view bytes,
                                                     std::string_view passphrase) {
  return Opened(DecryptOldPem(dek_info, bytes, passphrase));
}

PrivateKeyPtr PrivateKey::FromPkey(EVP_PKEY* key) {
  std::shared_ptr<PrivateKey> adopted(new PrivateKey());
  adopted->key_ = key;
  adopted->public_key_ = DescribeKey(key);
  UseOnce(key);
  return adopted;
}

PrivateKey::~PrivateKey() { EVP_PKEY_free(key_); }

bool PrivateKey::Matches(const Certificate& certificate) const {
  ClearErrors();
  bssl::UniquePtr<EVP_PKEY> certified(X509_get_pubkey(certificate.x509()));
  bool matches = certified != nullptr && EVP_PKEY_cmp(certified.get(), key_) == 1;
  ClearErrors();
  return matches;
}

std::string PrivateKey::ToDer() const {
  bssl::ScopedCBB cbb;
  if (!CBB_init(cbb.get(), 256) || !EVP_marshal_private_key(cbb.get(), key_)) return "";
  return TakeBytes(cbb.get());
}

std::string PrivateKey::ToPem() const { return x509::ToPem("PRIVATE KEY", ToDer()); }

}  // namespace mantlet::x509
