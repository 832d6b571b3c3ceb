#include "proxy/connect/client_files.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "certs/certificate_text.h"
#include "certs/time_text.h"
#include "proxy/x509/fault.h"
#include "proxy/x509/material.h"

namespace mantlet::connect {
namespace {

// Debian's and Ubuntu's bundle of the CAs of the web.
constexpr const char* kSystemAnchors = "/etc/ssl/certs/ca-certificates.crt";

absl::Status At(const std::string& path, const absl::Status& status) {
  return {status.code(), absl::StrCat(path, ": ", x509::FaultOf(status, path).ToString())};
}

absl::StatusOr<x509::Material> Load(const std::string& path, certs::FileReader& reader) {
  auto content = reader.Read(path);
  if (!content.ok()) return content.status();
  auto material = x509::ParseMaterial(content->bytes, std::nullopt);
  if (!material.ok()) return At(path, material.status());
  return material;
}

absl::StatusOr<x509::PrivateKeyPtr> KeyOf(const x509::Material& material, const std::string& path) {
  for (const x509::MaterialItem& item : material.items) {
    if (item.key != nullptr) return item.key;
    if (item.kind == x509::MaterialItem::Kind::kLockedKey) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": the key is encrypted; decrypt it, for example with openssl pkey"));
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(path, ": there is no private key in it, but ",
                                                 x509::Inventory(material),
                                                 "; name the file of the key with --key"));
}

absl::Status LoadIdentity(const ClientFilePaths& paths, certs::FileReader& reader,
                          ClientFiles& files) {
  auto certificates = Load(paths.certificate, reader);
  if (!certificates.ok()) return certificates.status();
  files.chain = certificates->certificates();
  if (files.chain.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(paths.certificate,
                                                   ": there is no certificate in it, but ",
                                                   x509::Inventory(*certificates)));
  }
  const std::string& key_path = paths.key.empty() ? paths.certificate : paths.key;
  auto keys = paths.key.empty() ? std::move(certificates) : Load(paths.key, reader);
  if (!keys.ok()) return keys.status();
  auto key = KeyOf(*keys, key_path);
  if (!key.ok()) return key.status();
  files.key = *std::move(key);
  if (files.key->Matches(*files.chain.front())) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(key_path, ": it is not the key of ",
                                                 certs::Printable(files.chain.front()->subject()),
                                                 ", the first certificate in ", paths.certificate,
                                                 "; put the leaf first, or name the right key"));
}

std::string Named(const x509::Certificate& certificate) {
  return certs::Printable(certificate.subject());
}

}  // namespace

absl::StatusOr<ClientFiles> LoadClientFiles(const ClientFilePaths& paths,
                                            certs::FileReader& reader) {
  ClientFiles files;
  if (!paths.certificate.empty()) {
    if (absl::Status status = LoadIdentity(paths, reader, files); !status.ok()) return status;
  }
  files.anchors_path = paths.ca.empty() ? kSystemAnchors : paths.ca;
  auto anchors = Load(files.anchors_path, reader);
  if (anchors.ok()) {
    files.anchors = anchors->certificates();
    if (files.anchors.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(files.anchors_path, ": there is no certificate in it"));
    }
    return files;
  }
  if (!paths.ca.empty()) return anchors.status();
  files.anchors_path.clear();
  return files;
}

void JudgeClientCertificate(const ClientFiles& files, int64_t now, Report& report) {
  if (files.chain.empty()) return;
  const x509::Certificate& leaf = *files.chain.front();
  for (const x509::CertificatePtr& certificate : files.chain) {
    if (now > certificate->not_after() || now < certificate->not_before()) {
      report.Warn(absl::StrCat("The client's certificate ", Named(*certificate),
                               " is not valid now: ", certs::ValidityText(*certificate, now)));
    }
  }
  if (!leaf.for_client()) {
    report.Warn(
        absl::StrCat("The client's certificate ", Named(leaf),
                     " is not for clients: its key usage or extended key usage excludes them"));
  }
  if (leaf.is_ca()) {
    report.Warn(absl::StrCat("The client's certificate ", Named(leaf),
                             " is that of a CA; the leaf must be the first in the file"));
  }
}

}  // namespace mantlet::connect
