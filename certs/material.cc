#include "certs/material.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proxy/tls/pem.h"
#include "proxy/tls/pkcs12.h"
#include "proxy/tls/wipe.h"

namespace mantlet::certs {
namespace {

using Kind = MaterialItem::Kind;
using Passphrase = std::optional<std::string>;

absl::Status SetCertificate(std::string_view der, MaterialItem* item) {
  absl::StatusOr<tls::CertificatePtr> certificate = tls::Certificate::FromDer(der);
  if (!certificate.ok()) return certificate.status();
  item->kind = Kind::kCertificate;
  item->certificate = *std::move(certificate);
  return absl::OkStatus();
}

absl::Status SetKey(std::string_view der, MaterialItem* item) {
  absl::StatusOr<tls::PrivateKeyPtr> key = tls::PrivateKey::FromDer(der);
  if (!key.ok()) return key.status();
  item->kind = Kind::kPrivateKey;
  item->key = *std::move(key);
  return absl::OkStatus();
}

absl::Status SetEncryptedKey(std::string_view der, const Passphrase& passphrase,
                             MaterialItem* item) {
  item->kind = Kind::kLockedKey;
  if (!passphrase.has_value()) return absl::OkStatus();
  absl::StatusOr<tls::PrivateKeyPtr> key = tls::PrivateKey::FromEncryptedDer(der, *passphrase);
  if (!key.ok()) return key.status();
  item->kind = Kind::kPrivateKey;
  item->key = *std::move(key);
  return absl::OkStatus();
}

absl::Status SetOldEncryptedKey(const tls::PemBlock& block, const Passphrase& passphrase,
                                MaterialItem* item) {
  item->kind = Kind::kLockedKey;
  if (!passphrase.has_value()) return absl::OkStatus();
  absl::StatusOr<tls::PrivateKeyPtr> key =
      tls::PrivateKey::FromOldPem(block.dek_info, block.der, *passphrase);
  if (!key.ok()) return key.status();
  item->kind = Kind::kPrivateKey;
  item->key = *std::move(key);
  return absl::OkStatus();
}

absl::Status SetCrl(std::string_view der, MaterialItem* item) {
  absl::StatusOr<std::unique_ptr<tls::RevocationList>> crl = tls::RevocationList::FromDer(der);
  if (!crl.ok()) return crl.status();
  item->kind = Kind::kCrl;
  item->crl = *std::move(crl);
  return absl::OkStatus();
}

absl::Status SetFromBlock(const tls::PemBlock& block, const Passphrase& passphrase,
                          MaterialItem* item) {
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
        "OpenSSL's own certificate format is not supported; convert it with: openssl x509");
  }
  return absl::OkStatus();  // kOther
}

absl::StatusOr<Material> FromPem(std::string_view text, const Passphrase& passphrase) {
  absl::StatusOr<std::vector<tls::PemBlock>> blocks = tls::ParsePem(text);
  if (!blocks.ok()) return blocks.status();
  Material material;
  for (tls::PemBlock& block : *blocks) {
    tls::WipeAtEnd wipe(&block.der);
    MaterialItem item;
    item.label = block.label;
    item.where =
        absl::StrCat("block ", block.number, " (", block.label, ", line ", block.line, ")");
    absl::Status status = SetFromBlock(block, passphrase, &item);
    if (!status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(item.where, ": ", status.message()));
    }
    material.items.push_back(std::move(item));
  }
  return material;
}

absl::StatusOr<Material> FromPkcs12(std::string_view bytes, const Passphrase& passphrase) {
  absl::StatusOr<tls::Pkcs12> contents = tls::ParsePkcs12(bytes, passphrase.value_or(""));
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
  for (const tls::CertificatePtr& certificate : contents->certificates) {
    MaterialItem item;
    item.kind = Kind::kCertificate;
    item.label = "CERTIFICATE";
    item.certificate = certificate;
    material.items.push_back(std::move(item));
  }
  return material;
}

// DER says nothing of what it is, so each kind is tried.
absl::StatusOr<Material> FromDer(std::string_view bytes, const Passphrase& passphrase) {
  Material material;
  material.format = Material::Format::kDer;
  MaterialItem item;
  item.label = "CERTIFICATE";
  absl::Status certificate = SetCertificate(bytes, &item);
  absl::Status status = certificate;
  if (!status.ok()) {
    item.label = "PRIVATE KEY";
    status = SetKey(bytes, &item);
  }
  if (!status.ok()) {
    item.label = "X509 CRL";
    status = SetCrl(bytes, &item);
  }
  if (!status.ok() && passphrase.has_value()) {
    item.label = "ENCRYPTED PRIVATE KEY";
    status = SetEncryptedKey(bytes, passphrase, &item);
  }
  if (!status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("it is neither PEM nor the DER of a certificate, a key or a revocation list; "
                     "read as a certificate: ",
                     certificate.message()));
  }
  material.items.push_back(std::move(item));
  return material;
}

bool IsBlank(std::string_view bytes) {
  return bytes.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

std::vector<tls::CertificatePtr> Material::certificates() const {
  std::vector<tls::CertificatePtr> certificates;
  for (const MaterialItem& item : items) {
    if (item.kind == Kind::kCertificate) certificates.push_back(item.certificate);
  }
  return certificates;
}

absl::StatusOr<Material> ParseMaterial(std::string_view bytes, const Passphrase& passphrase) {
  if (IsBlank(bytes)) return absl::InvalidArgumentError("the file is empty");
  if (tls::LooksLikePem(bytes)) return FromPem(bytes, passphrase);
  if (tls::LooksLikePkcs12(bytes)) return FromPkcs12(bytes, passphrase);
  return FromDer(bytes, passphrase);
}

}  // namespace mantlet::certs
