#include "proxy/x509/material.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proxy/x509/der_kind.h"
#include "proxy/x509/pem.h"
#include "proxy/x509/pem_boundary.h"
#include "proxy/x509/pkcs12.h"
#include "proxy/x509/pkcs7.h"
#include "proxy/x509/wipe.h"
#include "proxy/x509/wrong_content.h"

namespace mantlet::x509 {
namespace {

using Kind = MaterialItem::Kind;
using Passphrase = std::optional<std::string>;

absl::Status SetCertificate(std::string_view der, MaterialItem* item) {
  absl::StatusOr<CertificatePtr> certificate = Certificate::FromDer(der);
  if (!certificate.ok()) return certificate.status();
  item->kind = Kind::kCertificate;
  item->certificate = *std::move(certificate);
  return absl::OkStatus();
}

absl::Status SetKey(std::string_view der, MaterialItem* item) {
  absl::StatusOr<PrivateKeyPtr> key = PrivateKey::FromDer(der);
  if (!key.ok()) return key.status();
  item->kind = Kind::kPrivateKey;
  item->key = *std::move(key);
  return absl::OkStatus();
}

absl::Status SetEncryptedKey(std::string_view der, const Passphrase& passphrase,
                             MaterialItem* item) {
  item->kind = Kind::kLockedKey;
  if (!passphrase.has_value()) return absl::OkStatus();
  absl::StatusOr<PrivateKeyPtr> key = PrivateKey::FromEncryptedDer(der, *passphrase);
  if (!key.ok()) return key.status();
  item->kind = Kind::kPrivateKey;
  item->key = *std::move(key);
  return absl::OkStatus();
}

absl::Status SetOldEncryptedKey(const PemBlock& block, const Passphrase& passphrase,
                                MaterialItem* item) {
  item->kind = Kind::kLockedKey;
  if (!passphrase.has_value()) return absl::OkStatus();
  absl::StatusOr<PrivateKeyPtr> key =
      PrivateKey::FromOldPem(block.dek_info, block.der, *passphrase);
  if (!key.ok()) return key.status();
  item->kind = Kind::kPrivateKey;
  item->key = *std::move(key);
  return absl::OkStatus();
}

absl::Status SetCrl(std::string_view der, MaterialItem* item) {
  absl::StatusOr<std::unique_ptr<RevocationList>> crl = RevocationList::FromDer(der);
  if (!crl.ok()) return crl.status();
  item->kind = Kind::kCrl;
  item->crl = *std::move(crl);
  return absl::OkStatus();
}

absl::Status SetFromBlock(const PemBlock& block, const Passphrase& passphrase, MaterialItem* item) {
  if (block.encrypted) return SetOldEncryptedKey(block, passphrase, item);
  const std::string& label = block.label;
  if (label == "CERTIFICATE" || label == "X509 CERTIFICATE") return SetCertificate(block.der, item);
  if (label == "PRIVATE KEY" || label == "RSA PRIVATE KEY" || label == "EC PRIVATE KEY") {
    return SetKey(block.der, item);
  }
  if (label == "ENCRYPTED PRIVATE KEY") return SetEncryptedKey(block.der, passphrase, item);
  if (label == "X509 CRL") return SetCrl(block.der, item);
  if (label == "TRUSTED CERTIFICATE") {
    return absl::InvalidArgumentError(
        "OpenSSL's TRUSTED CERTIFICATE format is not supported; convert it with: openssl x509 -in "
        "FILE "
        "-out FILE.pem");
  }
  return absl::OkStatus();  // kOther
}

// Returns e.g. "block 1 (PKCS7, line 1), certificate 2"; `where` may be empty.
std::string WhereInside(const std::string& where, const char* kind, size_t number) {
  return absl::StrCat(where, where.empty() ? "" : ", ", kind, " ", number);
}

absl::Status InPlace(const std::string& where, const absl::Status& status) {
  return absl::Status(
      status.code(), absl::StrCat(where, where.empty() ? "" : ": ", std::string(status.message())));
}

absl::Status AddPkcs7(std::string_view der, const std::string& where, Material* material) {
  absl::StatusOr<Pkcs7> contents = ParsePkcs7(der);
  if (!contents.ok()) return InPlace(where, contents.status());
  material->ordered = false;
  const auto add = [&](const std::vector<std::string>& all, const char* kind, const char* label,
                       absl::Status (*set)(std::string_view, MaterialItem*)) {
    for (size_t i = 0; i < all.size(); ++i) {
      MaterialItem item;
      item.label = label;
      item.where = WhereInside(where, kind, i + 1);
      if (absl::Status status = set(all[i], &item); !status.ok()) {
        return InPlace(item.where, status);
      }
      material->items.push_back(std::move(item));
    }
    return absl::OkStatus();
  };
  absl::Status status = add(contents->certificates, "certificate", "CERTIFICATE", SetCertificate);
  return status.ok() ? add(contents->crls, "revocation list", "X509 CRL", SetCrl) : status;
}

// PKCS#7 has several labels; Windows uses CERTIFICATE.
bool IsPkcs7(const PemBlock& block) {
  const std::string& label = block.label;
  if (label == "PKCS7" || label == "PKCS #7 SIGNED DATA" || label == "CMS") return true;
  return label == "CERTIFICATE" && LooksLikePkcs7(block.der);
}

absl::Status AddBlock(const PemBlock& block, const Passphrase& passphrase, Material* material) {
  const std::string where =
      absl::StrCat("block ", block.number, " (", block.label, ", line ", block.line, ")");
  if (IsPkcs7(block)) return AddPkcs7(block.der, where, material);
  MaterialItem item;
  item.label = block.label;
  item.where = where;
  if (absl::Status status = SetFromBlock(block, passphrase, &item); !status.ok()) {
    return InPlace(where, status);
  }
  material->items.push_back(std::move(item));
  return absl::OkStatus();
}

absl::StatusOr<Material> FromPem(std::string_view text, const Passphrase& passphrase) {
  absl::StatusOr<std::vector<PemBlock>> blocks = ParsePem(text);
  if (!blocks.ok()) {
    const std::optional<Fault> wrong = WrongContent(text);
    return wrong.has_value() ? absl::InvalidArgumentError(wrong->ToString()) : blocks.status();
  }
  Material material;
  absl::Status status;
  for (PemBlock& block : *blocks) {
    WipeAtEnd wipe(&block.der);
    if (status.ok()) status = AddBlock(block, passphrase, &material);
  }
  if (!status.ok()) return status;
  return material;
}

absl::StatusOr<Material> FromPkcs7(std::string_view bytes) {
  Material material;
  material.format = Material::Format::kPkcs7;
  if (absl::Status status = AddPkcs7(bytes, "", &material); !status.ok()) return status;
  return material;
}

absl::StatusOr<Material> FromPkcs12(std::string_view bytes, const Passphrase& passphrase) {
  absl::StatusOr<Pkcs12> contents = ParsePkcs12(bytes, passphrase.value_or(""));
  if (!contents.ok()) return contents.status();
  Material material;
  material.format = Material::Format::kPkcs12;
  if (contents->key != nullptr) {
    MaterialItem item;
    item.kind = Kind::kPrivateKey;
    item.label = "PRIVATE KEY";
    item.key = contents->key;
    material.items.push_back(std::move(item));
  }
  for (const CertificatePtr& certificate : contents->certificates) {
    MaterialItem item;
    item.kind = Kind::kCertificate;
    item.label = "CERTIFICATE";
    item.certificate = certificate;
    material.items.push_back(std::move(item));
  }
  return material;
}

// Returns the PEM label of content that is not supported; "" for the rest.
const char* OtherLabel(DerKind kind) {
  switch (kind) {
    case DerKind::kCertificateRequest:
      return "CERTIFICATE REQUEST";
    case DerKind::kPublicKey:
      return "PUBLIC KEY";
    case DerKind::kOcspResponse:
      return "OCSP RESPONSE";
    default:
      return "";
  }
}

absl::Status SetFromDer(std::string_view bytes, const Passphrase& passphrase, MaterialItem* item) {
  const DerKind kind = KindOfDer(bytes);
  switch (kind) {
    case DerKind::kRevocationList:
      item->label = "X509 CRL";
      return SetCrl(bytes, item);
    case DerKind::kEncryptedPrivateKey:
      item->label = "ENCRYPTED PRIVATE KEY";
      return SetEncryptedKey(bytes, passphrase, item);
    case DerKind::kPrivateKey:
    case DerKind::kRsaPrivateKey:
    case DerKind::kEcPrivateKey:
    case DerKind::kDsaPrivateKey:
      item->label = "PRIVATE KEY";
      return SetKey(bytes, item);
    case DerKind::kCertificateRequest:
    case DerKind::kPublicKey:
    case DerKind::kOcspResponse:
      item->label = OtherLabel(kind);
      return absl::OkStatus();
    case DerKind::kOtherCms:
      return absl::InvalidArgumentError(
          "it is a message of CMS or PKCS#7 that is encrypted or contains no certificates; get the "
          "certificates as PEM");
    default:
      item->label = "CERTIFICATE";
      return SetCertificate(bytes, item);
  }
}

// Returns whether the beginning of the file is valid and its end is missing.
bool IsCutOff(std::string_view bytes) {
  if (kPemBegin.starts_with(bytes)) return true;
  return bytes.size() > 1 && static_cast<uint8_t>(bytes[1]) >= 0x80 &&
         SizeOfDer(bytes) > bytes.size();
}

absl::StatusOr<Material> FromDer(std::string_view bytes, const Passphrase& passphrase) {
  Material material;
  material.format = Material::Format::kDer;
  MaterialItem item;
  absl::Status status = SetFromDer(bytes, passphrase, &item);
  if (status.ok()) {
    material.items.push_back(std::move(item));
    return material;
  }
  if (IsCutOff(bytes)) {
    return absl::DataLossError(absl::StrCat("it is truncated after ", bytes.size(), " bytes"));
  }
  const DerKind kind = KindOfDer(bytes);
  if (kind != DerKind::kNone && kind != DerKind::kUnknown) return status;
  if (const std::optional<Fault> wrong = WrongContent(bytes)) {
    return absl::InvalidArgumentError(wrong->ToString());
  }
  return absl::InvalidArgumentError(
      "it is neither PEM nor the DER of a certificate, a key or a revocation list; check the "
      "content, and name a file with one of these");
}

bool IsBlank(std::string_view bytes) {
  return bytes.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

std::vector<CertificatePtr> Material::certificates() const {
  std::vector<CertificatePtr> certificates;
  for (const MaterialItem& item : items) {
    if (item.kind == Kind::kCertificate) certificates.push_back(item.certificate);
  }
  return certificates;
}

absl::StatusOr<Material> ParseMaterial(std::string_view bytes, const Passphrase& passphrase) {
  if (IsBlank(bytes)) return absl::DataLossError("the file is empty");
  if (LooksLikePem(bytes)) return FromPem(bytes, passphrase);
  if (LooksLikePkcs7(bytes) && !IsCutOff(bytes)) return FromPkcs7(bytes);
  if (LooksLikePkcs12(bytes)) return FromPkcs12(bytes, passphrase);
  return FromDer(bytes, passphrase);
}

std::string Inventory(const Material& material) {
  constexpr const char* kOne[] = {"a certificate", "a private key", "an encrypted private key",
                                  "a revocation list"};
  constexpr const char* kSeveral[] = {"certificates", "private keys", "encrypted private keys",
                                      "revocation lists"};
  size_t counts[4] = {};
  std::vector<std::string> parts;
  for (const MaterialItem& item : material.items) {
    if (item.kind != Kind::kOther) ++counts[static_cast<size_t>(item.kind)];
  }
  for (size_t i = 0; i < 4; ++i) {
    if (counts[i] == 1) parts.emplace_back(kOne[i]);
    if (counts[i] > 1) parts.push_back(absl::StrCat(counts[i], " ", kSeveral[i]));
  }
  for (const MaterialItem& item : material.items) {
    if (item.kind != Kind::kOther) continue;
    const std::optional<Fault> known = WrongBlock(item.label);
    parts.push_back(known.has_value() ? known->what : absl::StrCat("a block ", item.label));
  }
  return parts.empty() ? "nothing" : absl::StrJoin(parts, " and ");
}

std::string HintForOther(const Material& material) {
  for (const MaterialItem& item : material.items) {
    if (item.kind != Kind::kOther) continue;
    if (const std::optional<Fault> known = WrongBlock(item.label)) return known->hint;
  }
  return "";
}

}  // namespace mantlet::x509
