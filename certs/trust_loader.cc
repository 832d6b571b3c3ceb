#include "certs/trust_loader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "certs/image_lookup.h"
#include "certs/material.h"
#include "certs/server_certificate_check.h"
#include "certs/time_text.h"

namespace mantlet::certs {
namespace {

using Kind = MaterialItem::Kind;

std::string Place(const MaterialItem& item) { return item.where.empty() ? "" : item.where + ": "; }

// Whether the certificate may be an anchor.
bool CheckAnchor(const MaterialItem& item, const std::string& file, int64_t now,
                 FindingSink* sink) {
  const tls::Certificate& certificate = *item.certificate;
  if (!certificate.is_ca()) {
    sink->Error("leaf_as_ca", file,
                absl::StrCat(Place(item), "the certificate ", certificate.subject(),
                             " is no CA certificate (its basic constraints do not say CA)"),
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
    sink->Warning(
        "anchor_weak", file,
        absl::StrCat("the trust anchor ", certificate.subject(), ": ",
                     certificate.public_key().weakness, ", so no client below it gets in"),
        "replace it");
  }
  return true;
}

void LoadFile(const std::string& file, const FileImages& images, int64_t now, FindingSink* sink,
              std::vector<TrustAnchor>* anchors) {
  const FileContent* content = FindContent(file, images, sink);
  if (content == nullptr) return;
  absl::StatusOr<Material> material = ParseMaterial(content->bytes, std::nullopt);
  if (!material.ok()) {
    sink->Error("unparsable", file, std::string(material.status().message()), "");
    return;
  }
  bool any_certificate = false;
  for (const MaterialItem& item : material->items) {
    if (item.kind == Kind::kCertificate) {
      any_certificate = true;
      if (CheckAnchor(item, file, now, sink)) anchors->push_back({item.certificate, file});
    } else if (item.kind == Kind::kPrivateKey || item.kind == Kind::kLockedKey) {
      sink->Warning("key_in_bundle", file,
                    absl::StrCat(Place(item), "a trust bundle that holds a private key"),
                    "take it out; a trust bundle needs certificates only");
    } else if (item.kind == Kind::kCrl) {
      sink->Error("crl_in_bundle", file,
                  absl::StrCat(Place(item), "a revocation list among the trust anchors"),
                  "it would not be applied; take it out");
    } else {
      sink->Error("unexpected_block", file,
                  absl::StrCat(Place(item), "this has no place in a trust bundle"), "take it out");
    }
  }
  if (!any_certificate) {
    sink->Error("no_ca", file, "it holds no CA certificate",
                "name the file with the certificates of the CAs that issue your clients'");
  }
}

// An anchor that is an intermediate only counts if the path can go on to a root.
void CheckRoots(const std::vector<TrustAnchor>& anchors, FindingSink* sink) {
  bool any_root = false;
  for (const TrustAnchor& anchor : anchors) any_root |= anchor.certificate->self_signed();
  for (const TrustAnchor& anchor : anchors) {
    const tls::Certificate& certificate = *anchor.certificate;
    auto is_issuer = [&](const TrustAnchor& other) {
      return certificate.IssuedBy(*other.certificate);
    };
    if (std::any_of(anchors.begin(), anchors.end(), is_issuer)) continue;
    std::string what = absl::StrCat("the CA ", certificate.subject(), " is an intermediate, and ",
                                    certificate.issuer(), ", which issued it, is not here");
    std::string cure = absl::StrCat("add the root ", certificate.issuer());
    if (any_root) {
      sink->Warning("anchor_without_root", anchor.file, std::move(what), std::move(cure));
    } else {
      sink->Error("anchor_without_root", anchor.file, std::move(what), std::move(cure));
    }
  }
}

void CheckAllExpired(const std::vector<TrustAnchor>& anchors, int64_t now, FindingSink* sink) {
  auto expired = [now](const TrustAnchor& a) { return a.certificate->not_after() <= now; };
  if (!anchors.empty() && std::all_of(anchors.begin(), anchors.end(), expired)) {
    sink->Error("anchors_expired", anchors.front().file, "every trust anchor has expired",
                "no client could get in; put the current CA certificates here");
  }
}

}  // namespace

std::vector<TrustAnchor> LoadTrustAnchors(const std::vector<std::string>& files,
                                          const FileImages& images, int64_t now,
                                          FindingSink* sink) {
  std::vector<TrustAnchor> anchors;
  for (const std::string& file : files) LoadFile(file, images, now, sink, &anchors);
  CheckRoots(anchors, sink);
  CheckAllExpired(anchors, now, sink);
  return anchors;
}

}  // namespace mantlet::certs
