#include "certs/show.h"

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "certs/certificate_json.h"
#include "certs/certificate_text.h"
#include "certs/show_spiffe.h"
#include "certs/strict_json.h"
#include "certs/time_text.h"
#include "proxy/base/text.h"
#include "proxy/x509/fault.h"
#include "proxy/x509/material.h"
#include "proxy/x509/pem_boundary.h"
#include "proxy/x509/wrong_content.h"

namespace mantlet::certs {
namespace {

using Json = nlohmann::ordered_json;
using Kind = x509::MaterialItem::Kind;

const char* FormatName(x509::Material::Format format) {
  switch (format) {
    case x509::Material::Format::kPem:
      return "PEM";
    case x509::Material::Format::kDer:
      return "DER";
    case x509::Material::Format::kPkcs7:
      return "PKCS#7";
    case x509::Material::Format::kPkcs12:
      return "PKCS#12";
  }
  return "";
}

// Returns which of the file's certificates a key belongs to.
std::string FitText(const x509::PrivateKey& key, const std::vector<x509::CertificatePtr>& all) {
  if (all.empty()) return "";
  for (const x509::CertificatePtr& certificate : all) {
    if (key.Matches(*certificate)) {
      return absl::StrCat(", matches ", Printable(certificate->subject()));
    }
  }
  return ", matches none of the certificates in this file";
}

std::string CrlText(const x509::RevocationList& crl, int64_t now) {
  std::string next = "never";
  if (crl.next_update() != 0) {
    next = absl::StrCat(DateTime(crl.next_update()), ", ", RelativeTime(crl.next_update(), now));
  }
  const std::string scope = crl.ScopeText();
  return absl::StrCat(
      "revocation list of ", Printable(crl.issuer()), "\n    revoked      ", crl.entries(),
      scope.empty() ? "" : absl::StrCat("\n    scope        ", Printable(scope)),
      "\n    number       ", crl.number().empty() ? "none" : crl.number(), "\n    this update  ",
      DateTime(crl.this_update()), ", ", RelativeTime(crl.this_update(), now),
      "\n    next update  ", next, "\n    signature    ", crl.signature_algorithm(), "\n");
}

std::string ItemText(const x509::MaterialItem& item, const std::vector<x509::CertificatePtr>& all,
                     int64_t now) {
  switch (item.kind) {
    case Kind::kCertificate:
      return absl::StrCat("certificate\n", DescribeCertificate(*item.certificate, 4, now));
    case Kind::kPrivateKey:
      return absl::StrCat("private key, ", item.key->public_key().text, FitText(*item.key, all),
                          "\n");
    case Kind::kLockedKey:
      return "private key, encrypted\n";
    case Kind::kCrl:
      return CrlText(*item.crl, now);
    case Kind::kOther: {
      const std::optional<x509::Fault> known = x509::WrongBlock(item.label);
      return known.has_value() ? absl::StrCat(known->what, "; ", known->hint, "\n")
                               : absl::StrCat(Printable(item.label), ", not examined\n");
    }
  }
  return "";
}

Json ToJson(const x509::MaterialItem& item) {
  switch (item.kind) {
    case Kind::kCertificate:
      return {{"type", "certificate"}, {"certificate", CertificateToJson(*item.certificate)}};
    case Kind::kPrivateKey:
      return {{"type", "private_key"}, {"key", item.key->public_key().text}};
    case Kind::kLockedKey:
      return {{"type", "encrypted_private_key"}};
    case Kind::kCrl: {
      const x509::RevocationList& crl = *item.crl;
      Json json = {{"type", "crl"}, {"issuer", crl.issuer()}, {"revoked", crl.entries()}};
      if (!crl.number().empty()) json["number"] = crl.number();
      json["this_update"] = base::Rfc3339Seconds(crl.this_update());
      if (crl.next_update() != 0) json["next_update"] = base::Rfc3339Seconds(crl.next_update());
      return json;
    }
    case Kind::kOther:
      return {{"type", "other"}, {"label", item.label}};
  }
  return Json::object();
}

// Appends to both like ShowSpiffe().
absl::Status ShowMaterial(std::string_view bytes, const std::optional<std::string>& passphrase,
                          int64_t now, std::string* text, Json* json) {
  absl::StatusOr<x509::Material> material = x509::ParseMaterial(bytes, passphrase);
  if (!material.ok()) return material.status();
  const std::vector<x509::CertificatePtr> certificates = material->certificates();
  absl::StrAppend(text, FormatName(material->format), "\n");
  if (!certificates.empty()) *text += DrawChain(certificates, 2, now);
  (*json)["format"] = FormatName(material->format);
  Json& items = (*json)["items"] = Json::array();
  int number = 0;
  for (const x509::MaterialItem& item : material->items) {
    absl::StrAppend(text, "\n  ", ++number, "  ", ItemText(item, certificates, now));
    items.push_back(ToJson(item));
  }
  return absl::OkStatus();
}

std::string WhyNot(const absl::Status& status, std::string_view path, bool has_passphrase) {
  if (!absl::IsUnauthenticated(status)) return x509::FaultOf(status, path).ToString();
  if (has_passphrase) {
    return absl::StrCat(std::string(status.message()), "; check the file of --passphrase-file");
  }
  return "it is PKCS#12 with a passphrase; name the file of the passphrase with --passphrase-file";
}

}  // namespace

ShowResult Show(std::string_view path, std::string_view bytes,
                const std::optional<std::string>& passphrase, int64_t now) {
  ShowResult result;
  result.text = absl::StrCat(Printable(path), ": ");
  result.json["file"] = path;
  const bool spiffe =
      LooksLikeJsonObject(bytes) && bytes.find(x509::kPemBegin) == std::string_view::npos;
  const absl::Status status =
      spiffe ? ShowSpiffe(bytes, now, &result.text, &result.json)
             : ShowMaterial(bytes, passphrase, now, &result.text, &result.json);
  if (!status.ok()) {
    const std::string why = WhyNot(status, path, passphrase.has_value());
    result.ok = false;
    absl::StrAppend(&result.text, Printable(why), "\n");
    result.json["error"] = why;
  }
  return result;
}

}  // namespace mantlet::certs
