#include "certs/trust_loader.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "certs/image_lookup.h"
#include "certs/server_certificate_check.h"
#include "certs/strict_json.h"
#include "certs/time_text.h"
#include "proxy/x509/fault.h"
#include "proxy/x509/issuer_index.h"
#include "proxy/x509/material.h"
#include "proxy/x509/wipe.h"
#include "proxy/x509/wrong_content.h"

namespace mantlet::certs {
namespace {

using Kind = x509::MaterialItem::Kind;

std::string Before(const std::string& place) { return place.empty() ? "" : place + ": "; }

// Returns whether the anchor's key is of an unsupported kind, so that it verifies nothing.
bool IsUnsupported(const TrustAnchor& anchor) {
  return anchor.certificate->public_key().kind == x509::KeyKind::kOther;
}

// LookAlikes finds the anchor that a reader may take for a missing issuer.
class LookAlikes {
 public:
  // The references must outlive this object.
  LookAlikes(const std::vector<x509::CertificatePtr>& anchors, const x509::IssuerIndex& index)
      : anchors_(anchors), index_(index) {}

  // Returns the first anchor whose name, or whose lack of a difference from it, has to be explained
  // (Certificate::IssuerDifference), with the explanation; empty if there is none.
  std::string Find(const x509::Certificate& certificate) {
    for (const x509::CertificatePtr& other : anchors_) {
      // Anchors of the same name are still found.
      if (comparisons_left_ == 0) break;
      --comparisons_left_;
      std::string text = Compare(certificate, *other);
      if (!text.empty()) return text;
    }
    for (const x509::Certificate* other : index_.WithNameOfIssuer(certificate)) {
      std::string text = Compare(certificate, *other);
      if (!text.empty()) return text;
    }
    return "";
  }

 private:
  static std::string Compare(const x509::Certificate& certificate, const x509::Certificate& other) {
    const std::string difference = certificate.IssuerDifference(other);
    if (&other == &certificate || difference.empty()) return "";
    return absl::StrCat("; compare ", other.subject(), ": ", difference);
  }

  const std::vector<x509::CertificatePtr>& anchors_;
  const x509::IssuerIndex& index_;
  // One comparison takes about a microsecond. This is enough for all pairs of 300 anchors.
  int comparisons_left_ = 100'000;
};

// An anchor that is an intermediate is usable only if the path can continue to a root.
void CheckRoots(const std::vector<TrustAnchor>& anchors, DiagnosticSink* sink) {
  bool any_root = false;
  std::vector<x509::CertificatePtr> certificates;
  for (const TrustAnchor& anchor : anchors) {
    any_root |= anchor.certificate->self_signed();
    certificates.push_back(anchor.certificate);
  }
  const x509::IssuerIndex index(certificates);
  LookAlikes look_alikes(certificates, index);
  for (const TrustAnchor& anchor : anchors) {
    const x509::Certificate& certificate = *anchor.certificate;
    if (certificate.self_signed() || IsUnsupported(anchor)) continue;
    if (!index.IssuersOf(certificate).empty()) continue;
    std::string what = absl::StrCat("the CA ", certificate.subject(), " is an intermediate, and ",
                                    certificate.issuer(), ", which issued it, is missing",
                                    look_alikes.Find(certificate));
    std::string hint =
        absl::StrCat("add the root ", certificate.issuer(),
                     ", or allow paths to end here with client_auth.partial_chain: on");
    if (any_root) {
      sink->Warning("anchor_without_root", anchor.file, std::move(what), std::move(hint));
    } else {
      sink->Error("anchor_without_root", anchor.file, std::move(what), std::move(hint));
    }
  }
}

// Reports errors if no anchor has a supported key, because every client would be rejected.
void CheckKeys(const std::vector<TrustAnchor>& anchors, DiagnosticSink* sink) {
  if (!std::all_of(anchors.begin(), anchors.end(), IsUnsupported)) return;
  for (const TrustAnchor& anchor : anchors) {
    const x509::PublicKey& key = anchor.certificate->public_key();
    sink->Error("anchor_weak", anchor.file,
                absl::StrCat("the trust anchor ", anchor.certificate->subject(), ": ", key.weakness,
                             ", so its clients are rejected"),
                "reissue the CA's certificate with a key of RSA (rsaEncryption), ECDSA on P-256 or "
                "P-384, or Ed25519");
  }
}

void CheckAllExpired(const std::vector<TrustAnchor>& anchors, int64_t now, DiagnosticSink* sink) {
  auto expired = [now](const TrustAnchor& a) { return a.certificate->not_after() <= now; };
  if (!anchors.empty() && std::all_of(anchors.begin(), anchors.end(), expired)) {
    sink->Error("anchors_expired", anchors.front().file, "every trust anchor has expired",
                "all clients are rejected; put the current CA certificates here");
  }
}

// Returns whether the bytes look like a SPIFFE bundle or bundle map.
bool LooksLikeSpiffeBundle(std::string_view bytes) {
  return LooksLikeJsonObject(bytes) && (bytes.find("\"keys\"") != std::string_view::npos ||
                                        bytes.find("\"trust_domains\"") != std::string_view::npos);
}

void SayWrongPassphrase(const config::TrustFile& trust_file, const absl::Status& status,
                        DiagnosticSink* sink) {
  if (!trust_file.passphrase_file.empty()) {
    sink->Error("wrong_passphrase", trust_file.path, std::string(status.message()),
                absl::StrCat("check ", trust_file.passphrase_file));
    return;
  }
  const x509::Fault fault = x509::FaultOf(
      absl::UnauthenticatedError(
          "it is PKCS#12 with a passphrase; name it in trust_bundle as {pkcs12: "
          "FILE, passphrase_file: ...}, or convert it to PEM with: openssl pkcs12 -in FILE -nokeys "
          "-out FILE.pem"),
      trust_file.path);
  sink->Error("wrong_passphrase", trust_file.path, fault.what, fault.hint);
}

}  // namespace

bool CheckAnchor(const x509::Certificate& certificate, Version1Roots version1_roots,
                 const std::string& place, const std::string& file, int64_t now,
                 DiagnosticSink* sink) {
  const bool version1_root = certificate.version1() && certificate.self_signed() &&
                             version1_roots == Version1Roots::kAccept;
  if (version1_root) {
    sink->Warning("anchor_version1", file,
                  absl::StrCat(Before(place), "the trust anchor ", certificate.subject(),
                               " has X.509 version 1 and no basic constraints; it is "
                               "trusted as a CA because it is in this file"),
                  "reissue the root with basic constraints (CA:TRUE)");
  } else if (!certificate.is_ca()) {
    sink->Error("leaf_as_ca", file,
                absl::StrCat(Before(place), "the certificate ", certificate.subject(),
                             " is not a CA certificate (see its basic constraints)"),
                absl::StrCat("put the certificate of its issuer here: ", certificate.issuer()));
    return false;
  }
  if (certificate.not_after() <= now) {
    sink->Warning("anchor_expired", file,
                  absl::StrCat("the trust anchor ", certificate.subject(), " expired ",
                               RelativeTime(certificate.not_after(), now), " (",
                               DateTime(certificate.not_after()), ")"),
                  "remove it, or replace it by its successor");
  } else if (EndsSoon(certificate, now)) {
    sink->Warning("anchor_expires_soon", file,
                  absl::StrCat("the trust anchor ", certificate.subject(), " expires ",
                               RelativeTime(certificate.not_after(), now), " (",
                               DateTime(certificate.not_after()), ")"),
                  "add its successor before that");
  }
  if (!certificate.public_key().weakness.empty()) {
    sink->Warning("anchor_weak", file,
                  absl::StrCat("the trust anchor ", certificate.subject(), ": ",
                               certificate.public_key().weakness, ", so its clients are rejected"),
                  "replace it");
  }
  return true;
}

std::vector<TrustAnchor> LoadAnchorFile(const config::TrustFile& trust_file,
                                        Version1Roots version1_roots, const FileImages& images,
                                        int64_t now, DiagnosticSink* sink) {
  std::vector<TrustAnchor> anchors;
  const std::string& file = trust_file.path;
  std::optional<std::string> passphrase;
  if (!trust_file.passphrase_file.empty()) {
    passphrase = ReadPassphrase(trust_file.passphrase_file, images, sink);
    if (!passphrase.has_value()) return anchors;
  }
  const FileContent* content = FindContent(file, images, sink);
  if (content == nullptr) return anchors;
  if (LooksLikeSpiffeBundle(content->bytes)) {
    sink->Error("unparsable", file, "it is JSON, not certificates in PEM or DER",
                "name it under client_auth.spiffe.trust_domains");
    return anchors;
  }
  absl::StatusOr<x509::Material> material = x509::ParseMaterial(content->bytes, passphrase);
  if (passphrase.has_value()) x509::Wipe(&*passphrase);
  if (!material.ok()) {
    if (absl::IsUnauthenticated(material.status())) {
      SayWrongPassphrase(trust_file, material.status(), sink);
    } else {
      ReportUnparsable(file, material.status(), sink);
    }
    return anchors;
  }
  bool any_certificate = false;
  for (const x509::MaterialItem& item : material->items) {
    if (item.kind == Kind::kCertificate) {
      any_certificate = true;
      if (CheckAnchor(*item.certificate, version1_roots, item.where, file, now, sink)) {
        anchors.push_back({item.certificate, file, ""});
      }
    } else if (item.kind == Kind::kPrivateKey || item.kind == Kind::kLockedKey) {
      sink->Warning("key_in_bundle", file,
                    absl::StrCat(Before(item.where), "the trust bundle contains a private key"),
                    "remove it; a trust bundle needs only certificates");
    } else if (item.kind == Kind::kCrl) {
      sink->Error("crl_in_bundle", file,
                  absl::StrCat(Before(item.where), "the trust bundle contains a revocation list"),
                  "it would not be used; name it under client_auth.crl.files");
    } else {
      const std::optional<x509::Fault> known = x509::WrongBlock(item.label);
      sink->Error(
          "unexpected_block", file,
          absl::StrCat(Before(item.where),
                       known.has_value() ? absl::StrCat("it is ", known->what, ", which") : "this",
                       " does not belong in a trust bundle"),
          known.has_value() && material->items.size() == 1 ? known->hint : "remove it");
    }
  }
  if (!any_certificate) {
    sink->Error("no_ca", file,
                absl::StrCat("it contains no CA certificate, but ", x509::Inventory(*material)),
                "name the file with the CA certificates of your clients");
  }
  return anchors;
}

std::vector<TrustAnchor> LoadTrustAnchors(const std::vector<config::TrustFile>& files,
                                          bool partial_chain, const FileImages& images, int64_t now,
                                          DiagnosticSink* sink) {
  std::vector<TrustAnchor> anchors;
  for (const config::TrustFile& file : files) {
    for (TrustAnchor& anchor : LoadAnchorFile(file, Version1Roots::kAccept, images, now, sink)) {
      anchors.push_back(std::move(anchor));
    }
  }
  CheckKeys(anchors, sink);
  if (!partial_chain) CheckRoots(anchors, sink);
  CheckAllExpired(anchors, now, sink);
  return anchors;
}

}  // namespace mantlet::certs
