#include "proxy/tls/private_key.h"

#include <openssl/bytestring.h>
#include <openssl/cipher.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/pkcs8.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proxy/tls/byte_view.h"
#include "proxy/tls/encrypted_key.h"
#include "proxy/tls/openssl_errors.h"
#include "proxy/tls/pem.h"
#include "proxy/tls/wipe.h"

namespace mantlet::tls {
namespace {

bssl::UniquePtr<EVP_PKEY> ParsePkcs8(std::string_view der) {
  CBS cbs = AsCbs(der);
  bssl::UniquePtr<EVP_PKEY> key(EVP_parse_private_key(&cbs));
  return CBS_len(&cbs) == 0 ? std::move(key) : nullptr;
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

std::string TakeBytes(CBB* cbb) {
  uint8_t* bytes = nullptr;
  size_t size = 0;
  if (!CBB_finish(cbb, &bytes, &size)) return "";
  std::string taken(View(bytes, size));
  OPENSSL_free(bytes);
  return taken;
}

// The key in what was decrypted, which is wiped.
absl::StatusOr<PrivateKeyPtr> Opened(absl::StatusOr<std::string> der) {
  if (!der.ok()) return der.status();
  WipeAtEnd wipe(&*der);
  absl::StatusOr<PrivateKeyPtr> key = PrivateKey::FromDer(*der);
  // One wrong passphrase in 256 leaves a padding that looks right.
  if (!key.ok()) return absl::InvalidArgumentError("the passphrase does not open it");
  return key;
}

}  // namespace

absl::StatusOr<PrivateKeyPtr> PrivateKey::FromDer(std::string_view der) {
  ClearErrors();
  bssl::UniquePtr<EVP_PKEY> key = ParsePkcs8(der);
  std::string why = key == nullptr ? TakeErrors() : "";
  if (key == nullptr) key = ParsePkcs1(der);
  if (key == nullptr) key = ParseSec1(der);
  ClearErrors();
  if (key == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("it is no usable private key (", why, ")"));
  }
  return Adopt(key.release());
}

absl::StatusOr<PrivateKeyPtr> PrivateKey::FromEncryptedDer(std::string_view der,
                                                           std::string_view passphrase) {
  ClearErrors();
  CBS cbs = AsCbs(der);
  bssl::UniquePtr<EVP_PKEY> key(
      PKCS8_parse_encrypted_private_key(&cbs, passphrase.data(), passphrase.size()));
  if (key != nullptr && CBS_len(&cbs) == 0) return Adopt(key.release());
  // A wrong passphrase shows as whatever the garbage it decrypts to breaks; or
  // this is one of the forms that the library does not know.
  ClearErrors();
  return Opened(DecryptPbes2(der, passphrase));
}

absl::StatusOr<PrivateKeyPtr> PrivateKey::FromOldPem(std::string_view dek_info,
                                                     std::string_view bytes,
                                                     std::string_view passphrase) {
  return Opened(DecryptOldPem(dek_info, bytes, passphrase));
}

PrivateKeyPtr PrivateKey::Adopt(EVP_PKEY* key) {
  std::shared_ptr<PrivateKey> adopted(new PrivateKey());
  adopted->key_ = key;
  adopted->public_key_ = DescribeKey(key);
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

std::string PrivateKey::ToPem() const { return tls::ToPem("PRIVATE KEY", ToDer()); }

std::string PrivateKey::ToEncryptedPem(std::string_view passphrase) const {
  bssl::ScopedCBB cbb;
  // -1: PBES2. No salt given: a random one. 0 iterations: the library's default.
  if (!CBB_init(cbb.get(), 256) ||
      !PKCS8_marshal_encrypted_private_key(cbb.get(), -1, EVP_aes_256_cbc(), passphrase.data(),
                                           passphrase.size(), nullptr, 0, 0, key_)) {
    return "";
  }
  return tls::ToPem("ENCRYPTED PRIVATE KEY", TakeBytes(cbb.get()));
}

}  // namespace mantlet::tls
