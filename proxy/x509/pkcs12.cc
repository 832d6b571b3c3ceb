#include "proxy/x509/pkcs12.h"

#include <openssl/bytestring.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/pkcs8.h>
#include <openssl/x509.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proxy/base/key_memory.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/der_kind.h"
#include "proxy/x509/openssl_errors.h"
#include "proxy/x509/wipe.h"
#include "proxy/x509/x509_facts.h"

namespace mantlet::x509 {
namespace {

// Returns the library's PKCS#8 reason for the failure; 0 for errors of its other parts.
int LibraryReason() {
  const uint32_t error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PKCS8 ? ERR_GET_REASON(error) : 0;
}

// Reads the content of SEQUENCE { type, [0] EXPLICIT OCTET STRING } if it has that type.
bool TakeOctets(CBS* from, std::string_view type, CBS* octets) {
  constexpr CBS_ASN1_TAG kExplicit = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0;
  CBS content, oid, wrapped;
  return CBS_get_asn1(from, &content, CBS_ASN1_SEQUENCE) &&
         CBS_get_asn1(&content, &oid, CBS_ASN1_OBJECT) && View(oid) == type &&
         CBS_get_asn1(&content, &wrapped, kExplicit) && CBS_len(&content) == 0 &&
         CBS_get_asn1(&wrapped, octets, CBS_ASN1_OCTETSTRING) && CBS_len(&wrapped) == 0;
}

bool AddBags(CBS safe, Pkcs12* contents) {
  constexpr std::string_view kCertBag = "\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x03";
  constexpr std::string_view kX509 = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x16\x01";
  constexpr CBS_ASN1_TAG kExplicit = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0;
  CBS bags, bag, type, value, certificate;
  if (!CBS_get_asn1(&safe, &bags, CBS_ASN1_SEQUENCE) || CBS_len(&safe) != 0) return false;
  while (CBS_len(&bags) != 0) {
    if (!CBS_get_asn1(&bags, &bag, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&bag, &type, CBS_ASN1_OBJECT) || View(type) != kCertBag ||
        !CBS_get_asn1(&bag, &value, kExplicit) || !TakeOctets(&value, kX509, &certificate)) {
      return false;
    }
    absl::StatusOr<CertificatePtr> parsed = Certificate::FromDer(View(certificate));
    if (!parsed.ok()) return false;
    contents->certificates.push_back(*std::move(parsed));
  }
  return true;
}

// Parses a trust store without a password, as Java 18 and later write it (cacerts): unencrypted
// certificates without a MAC, which the library requires. Returns nullopt for any other content.
std::optional<Pkcs12> ParseWithoutMac(std::string_view bytes) {
  constexpr std::string_view kData = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
  Pkcs12 contents;
  CBS in = AsCbs(bytes), pfx, safes, all, safe;
  uint64_t version = 0;
  if (!CBS_get_asn1(&in, &pfx, CBS_ASN1_SEQUENCE) || CBS_len(&in) != 0 ||
      !CBS_get_asn1_uint64(&pfx, &version) || version != 3 || !TakeOctets(&pfx, kData, &safes) ||
      CBS_len(&pfx) != 0 || !CBS_get_asn1(&safes, &all, CBS_ASN1_SEQUENCE) ||
      CBS_len(&safes) != 0) {
    return std::nullopt;
  }
  while (CBS_len(&all) != 0) {
    if (!TakeOctets(&all, kData, &safe) || !AddBags(safe, &contents)) return std::nullopt;
  }
  if (contents.certificates.empty()) return std::nullopt;
  return contents;
}

absl::Status WhyNot(std::string_view bytes, int reason) {
  constexpr char kAnew[] =
      "create it again with: openssl pkcs12 -export -inkey KEY -in CERTIFICATES, or name PEM files";
  switch (reason) {
    case PKCS8_R_INCORRECT_PASSWORD:
      return absl::UnauthenticatedError("the passphrase is wrong");
    case PKCS8_R_MISSING_MAC:
      return absl::InvalidArgumentError(
          "it is PKCS#12 without a MAC, and not only unencrypted certificates; convert it to PEM "
          "with: keytool -list -rfc -keystore FILE");
    case PKCS8_R_MULTIPLE_PRIVATE_KEYS_IN_PKCS12:
      return absl::InvalidArgumentError(
          "it is PKCS#12 with more than one private key; export the required one with: "
          "keytool -importkeystore -srckeystore FILE -srcalias ALIAS -destkeystore FILE.p12 "
          "-deststoretype PKCS12");
    case PKCS8_R_PKCS12_PUBLIC_KEY_INTEGRITY_NOT_SUPPORTED:
      return absl::InvalidArgumentError(
          absl::StrCat("it is PKCS#12 with a signature instead of a MAC; ", kAnew));
    case PKCS8_R_UNKNOWN_ALGORITHM:
    case PKCS8_R_UNKNOWN_CIPHER:
    case PKCS8_R_UNKNOWN_CIPHER_ALGORITHM:
    case PKCS8_R_UNKNOWN_DIGEST:
    case PKCS8_R_UNKNOWN_HASH:
    case PKCS8_R_UNSUPPORTED_CIPHER:
    case PKCS8_R_UNSUPPORTED_KEY_DERIVATION_FUNCTION:
    case PKCS8_R_UNSUPPORTED_KEYLENGTH:
    case PKCS8_R_UNSUPPORTED_OPTIONS:
    case PKCS8_R_UNSUPPORTED_PRF:
    case PKCS8_R_UNSUPPORTED_SALT_TYPE:
    case PKCS8_R_BAD_ITERATION_COUNT:
      return absl::InvalidArgumentError(
          absl::StrCat("it is PKCS#12 with a cipher or MAC that is not supported; ", kAnew));
    default:
      break;
  }
  if (SizeOfDer(bytes) > bytes.size()) return absl::DataLossError("it is truncated PKCS#12");
  return absl::InvalidArgumentError(absl::StrCat(
      "it is PKCS#12 that is damaged, or whose private key is of a kind that is not supported; ",
      kAnew));
}

}  // namespace

bool LooksLikePkcs12(std::string_view bytes) { return KindOfDer(bytes) == DerKind::kPkcs12; }

absl::StatusOr<Pkcs12> ParsePkcs12(std::string_view bytes, std::string_view passphrase) {
  if (passphrase.find('\0') != std::string_view::npos) {
    return absl::UnauthenticatedError("the passphrase contains a NUL byte");
  }
  ClearErrors();
  CBS in = AsCbs(bytes);
  bssl::UniquePtr<STACK_OF(X509)> stack(sk_X509_new_null());
  EVP_PKEY* key = nullptr;
  std::string terminated(passphrase);
  const WipeAtEnd wipe(&terminated);
  bool opened = false;
  {
    const base::KeyMemoryScope scope;
    opened =
        stack != nullptr && PKCS12_get_key_and_certs(&key, stack.get(), &in, terminated.c_str());
  }
  if (!opened) {
    const int reason = LibraryReason();
    ClearErrors();
    if (reason == PKCS8_R_MISSING_MAC) {
      if (std::optional<Pkcs12> open = ParseWithoutMac(bytes)) return *std::move(open);
    }
    return WhyNot(bytes, reason);
  }
  Pkcs12 contents;
  if (key != nullptr) contents.key = PrivateKey::FromPkey(key);
  for (size_t i = 0; i < sk_X509_num(stack.get()); ++i) {
    absl::StatusOr<CertificatePtr> certificate =
        Certificate::FromDer(ToDer(sk_X509_value(stack.get(), i)));
    if (!certificate.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("certificate ", i + 1, " in it: ", certificate.status().message()));
    }
    contents.certificates.push_back(*std::move(certificate));
  }
  return contents;
}

}  // namespace mantlet::x509
