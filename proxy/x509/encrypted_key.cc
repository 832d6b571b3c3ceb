#include "proxy/x509/encrypted_key.h"

#include <openssl/bytestring.h>
#include <openssl/cipher.h>
#include <openssl/digest.h>
#include <openssl/evp.h>

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/openssl_errors.h"
#include "proxy/x509/wipe.h"

namespace mantlet::x509 {
namespace {

// OpenSSL's default scrypt parameters need 16 MiB; a file must not require much more.
constexpr size_t kMaxScryptBytes = 64 * 1024 * 1024;
constexpr uint64_t kMaxIterations = 10'000'000;

constexpr char kWrongPassphrase[] = "the passphrase is wrong, or the content is damaged";

absl::Status Unsupported(std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("its encryption is not supported (", std::string(what),
                   "); convert it with: openssl pkcs8 -topk8 -v2 aes-256-cbc"));
}

bool Is(const CBS& oid, std::string_view der) { return CBS_mem_equal(&oid, Data(der), der.size()); }

// Decrypts `bytes` and removes the padding.
absl::StatusOr<std::string> DecryptCbc(const EVP_CIPHER* cipher, std::string_view key,
                                       std::string_view iv, std::string_view bytes) {
  std::string plain(bytes.size() + EVP_MAX_BLOCK_LENGTH, '\0');
  bssl::ScopedEVP_CIPHER_CTX context;
  int size = 0, rest = 0;
  auto* out = MutableData(plain);
  ClearErrors();
  if (!EVP_DecryptInit_ex(context.get(), cipher, nullptr, Data(key), Data(iv)) ||
      !EVP_DecryptUpdate(context.get(), out, &size, Data(bytes), static_cast<int>(bytes.size())) ||
      !EVP_DecryptFinal_ex(context.get(), out + size, &rest)) {
    ClearErrors();
    Wipe(&plain);
    return absl::UnauthenticatedError(kWrongPassphrase);
  }
  plain.resize(static_cast<size_t>(size) + static_cast<size_t>(rest));
  return plain;
}

const EVP_CIPHER* AesOf(const CBS& oid) {
  // 2.16.840.1.101.3.4.1.{2, 22, 42}
  constexpr std::string_view kAes = "\x60\x86\x48\x01\x65\x03\x04\x01";
  if (Is(oid, absl::StrCat(std::string(kAes), "\x02"))) return EVP_aes_128_cbc();
  if (Is(oid, absl::StrCat(std::string(kAes), "\x16"))) return EVP_aes_192_cbc();
  if (Is(oid, absl::StrCat(std::string(kAes), "\x2a"))) return EVP_aes_256_cbc();
  return nullptr;
}

// Derives a key with scrypt (RFC 7914 section 7.1).
absl::Status DeriveByScrypt(CBS parameters, std::string_view passphrase, std::string* key) {
  CBS salt;
  uint64_t n, r, p, length;
  if (!CBS_get_asn1(&parameters, &salt, CBS_ASN1_OCTETSTRING) ||
      !CBS_get_asn1_uint64(&parameters, &n) || !CBS_get_asn1_uint64(&parameters, &r) ||
      !CBS_get_asn1_uint64(&parameters, &p) ||
      (CBS_len(&parameters) != 0 &&
       (!CBS_get_asn1_uint64(&parameters, &length) || length != key->size()))) {
    return Unsupported("scrypt with invalid parameters");
  }
  // Time grows with n * r * p, memory only with n * r.
  if (r == 0 || p == 0 || r > 1024 || p > 16 || n > (uint64_t{1} << 20) ||
      !EVP_PBE_scrypt(passphrase.data(), passphrase.size(), CBS_data(&salt), CBS_len(&salt), n, r,
                      p, kMaxScryptBytes, MutableData(*key), key->size())) {
    ClearErrors();
    return Unsupported("scrypt with parameters that need too much work");
  }
  return absl::OkStatus();
}

const EVP_MD* PrfOf(CBS* parameters) {
  if (CBS_len(parameters) == 0) return EVP_sha1();
  CBS algorithm, oid;
  if (!CBS_get_asn1(parameters, &algorithm, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&algorithm, &oid, CBS_ASN1_OBJECT)) {
    return nullptr;
  }
  // 1.2.840.113549.2.{7, 9, 10, 11}
  constexpr std::string_view kHmac = "\x2a\x86\x48\x86\xf7\x0d\x02";
  if (Is(oid, absl::StrCat(std::string(kHmac), "\x07"))) return EVP_sha1();
  if (Is(oid, absl::StrCat(std::string(kHmac), "\x09"))) return EVP_sha256();
  if (Is(oid, absl::StrCat(std::string(kHmac), "\x0a"))) return EVP_sha384();
  if (Is(oid, absl::StrCat(std::string(kHmac), "\x0b"))) return EVP_sha512();
  return nullptr;
}

// Derives a key with PBKDF2 (RFC 8018 appendix A.2).
absl::Status DeriveByPbkdf2(CBS parameters, std::string_view passphrase, std::string* key) {
  CBS salt;
  uint64_t iterations, length;
  if (!CBS_get_asn1(&parameters, &salt, CBS_ASN1_OCTETSTRING) ||
      !CBS_get_asn1_uint64(&parameters, &iterations) || iterations == 0 ||
      iterations > kMaxIterations ||
      (CBS_peek_asn1_tag(&parameters, CBS_ASN1_INTEGER) &&
       (!CBS_get_asn1_uint64(&parameters, &length) || length != key->size()))) {
    return Unsupported("PBKDF2 with invalid parameters or too much work");
  }
  const EVP_MD* prf = PrfOf(&parameters);
  if (prf == nullptr) return Unsupported("PBKDF2 with an unknown digest");
  if (!PKCS5_PBKDF2_HMAC(passphrase.data(), passphrase.size(), CBS_data(&salt), CBS_len(&salt),
                         static_cast<unsigned>(iterations), prf, key->size(), MutableData(*key))) {
    ClearErrors();
    return Unsupported("PBKDF2");
  }
  return absl::OkStatus();
}

absl::Status Derive(const CBS& kdf, const CBS& parameters, std::string_view passphrase,
                    std::string* key) {
  constexpr std::string_view kScrypt =
      "\x2b\x06\x01\x04\x01\xda\x47\x04\x0b";  // 1.3.6.1.4.1.11591.4.11
  constexpr std::string_view kPbkdf2 =
      "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c";  // 1.2.840.113549.1.5.12
  if (Is(kdf, kScrypt)) return DeriveByScrypt(parameters, passphrase, key);
  if (Is(kdf, kPbkdf2)) return DeriveByPbkdf2(parameters, passphrase, key);
  return Unsupported("an unknown key derivation");
}

const EVP_CIPHER* OldCipher(std::string_view name) {
  if (name == "AES-128-CBC") return EVP_aes_128_cbc();
  if (name == "AES-192-CBC") return EVP_aes_192_cbc();
  if (name == "AES-256-CBC") return EVP_aes_256_cbc();
  if (name == "DES-EDE3-CBC") return EVP_des_ede3_cbc();
  return nullptr;
}

}  // namespace

absl::StatusOr<std::string> DecryptPbes2(std::string_view der, std::string_view passphrase) {
  constexpr std::string_view kPbes2 =
      "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";  // 1.2.840.113549.1.5.13
  CBS in = AsCbs(der), outer, algorithm, scheme, both, kdf, kdf_oid, kdf_parameters, encryption,
      cipher_oid, iv, encrypted;
  if (!CBS_get_asn1(&in, &outer, CBS_ASN1_SEQUENCE) || CBS_len(&in) != 0 ||
      !CBS_get_asn1(&outer, &algorithm, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&outer, &encrypted, CBS_ASN1_OCTETSTRING) || CBS_len(&outer) != 0 ||
      !CBS_get_asn1(&algorithm, &scheme, CBS_ASN1_OBJECT)) {
    return absl::InvalidArgumentError("it is not an encrypted private key");
  }
  // The library decrypts all other schemes, so the passphrase was wrong.
  if (!Is(scheme, kPbes2)) return absl::UnauthenticatedError(kWrongPassphrase);
  if (!CBS_get_asn1(&algorithm, &both, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&both, &kdf, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&kdf, &kdf_oid, CBS_ASN1_OBJECT) ||
      !CBS_get_asn1(&kdf, &kdf_parameters, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&both, &encryption, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&encryption, &cipher_oid, CBS_ASN1_OBJECT) ||
      !CBS_get_asn1(&encryption, &iv, CBS_ASN1_OCTETSTRING)) {
    return Unsupported("PBES2 with invalid parameters");
  }
  const EVP_CIPHER* cipher = AesOf(cipher_oid);
  if (cipher == nullptr || CBS_len(&iv) != EVP_CIPHER_iv_length(cipher)) {
    return Unsupported("a cipher other than AES-CBC");
  }
  std::string key(EVP_CIPHER_key_length(cipher), '\0');
  WipeAtEnd wipe(&key);
  if (absl::Status status = Derive(kdf_oid, kdf_parameters, passphrase, &key); !status.ok()) {
    return status;
  }
  return DecryptCbc(cipher, key, View(iv), View(encrypted));
}

absl::StatusOr<std::string> DecryptOldPem(std::string_view dek_info, std::string_view bytes,
                                          std::string_view passphrase) {
  const size_t comma = dek_info.find(',');
  const std::string_view name = dek_info.substr(0, comma);
  const EVP_CIPHER* cipher = OldCipher(name);
  if (cipher == nullptr) {
    return Unsupported(name.empty() ? std::string_view("no DEK-Info") : name);
  }
  const std::string_view hex =
      comma == std::string_view::npos ? std::string_view() : dek_info.substr(comma + 1);
  if (hex.size() != 2 * EVP_CIPHER_iv_length(cipher) ||
      hex.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos) {
    return absl::InvalidArgumentError("its DEK-Info line is damaged");
  }
  const std::string iv = absl::HexStringToBytes(std::string(hex));
  std::string key(EVP_CIPHER_key_length(cipher), '\0');
  WipeAtEnd wipe(&key);
  // One round of MD5 over the passphrase and the first half of the IV is weak, but that concerns
  // only the file, not the handshake.
  if (EVP_BytesToKey(cipher, EVP_md5(), Data(iv), Data(passphrase), passphrase.size(), 1,
                     MutableData(key), nullptr) == 0) {
    ClearErrors();
    return absl::UnauthenticatedError(kWrongPassphrase);
  }
  return DecryptCbc(cipher, key, iv, bytes);
}

}  // namespace mantlet::x509
