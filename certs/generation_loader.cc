#include "certs/generation_loader.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "certs/finding_sink.h"
#include "certs/server_certificate_check.h"
#include "certs/server_certificate_loader.h"
#include "certs/trust_loader.h"
#include "proxy/tls/hex.h"

namespace mantlet::certs {
namespace {

void AddFile(const std::string& path, std::vector<std::string>* files) {
  if (path.empty() || std::find(files->begin(), files->end(), path) != files->end()) return;
  files->push_back(path);
}

// Digest of what is served and trusted. The key needs no part in it: it fits the
// leaf, so another key means another certificate.
std::string MaterialId(const ListenerMaterial& material) {
  std::string digests;
  for (const ServerCertificate& server : material.certificates) {
    for (const std::string& der : server.chain_der) {
      absl::StrAppend(&digests, tls::Sha256Hex(der), " ");
    }
    digests += '\n';
  }
  digests += material.trust == nullptr ? "no client authentication" : material.trust->id();
  return tls::Sha256Hex(digests);
}

// Trust of one listener: `material->trust` is left null if it needs none, or if
// the sink got an error.
void BuildTrust(const config::ClientAuth& client_auth, const FileImages& files, int64_t now,
                FindingSink* sink, ListenerMaterial* material) {
  if (!client_auth.crl_files.empty()) {
    // Never to be mistaken for something that is checked.
    sink->Error("crl_unsupported", client_auth.crl_files.front(),
                "certificate revocation lists cannot be applied by this version",
                "remove client_auth.crl.files");
  }
  if (client_auth.mode == config::ClientAuthMode::kNone) return;
  material->anchors = LoadTrustAnchors(client_auth.trust_bundle, files, now, sink);
  std::vector<tls::CertificatePtr> anchors;
  for (const TrustAnchor& anchor : material->anchors) anchors.push_back(anchor.certificate);
  absl::StatusOr<tls::TrustStorePtr> trust = tls::TrustStore::Create(anchors);
  if (trust.ok()) {
    material->trust = *std::move(trust);
  } else {
    sink->Error("no_trust_anchor", "",
                absl::StrCat("listener ", material->listener,
                             " has no trust anchor to verify clients with"),
                "name at least one CA certificate under client_auth.trust_bundle");
  }
}

ListenerMaterial BuildListener(const config::Listener& listener, const FileImages& files,
                               int64_t now, Findings* findings) {
  FindingSink sink(listener.name, findings);
  ListenerMaterial material;
  material.listener = listener.name;
  BuildTrust(listener.client_auth, files, now, &sink, &material);
  for (const config::CertificateFiles& certificate : listener.tls.certificates) {
    std::optional<ServerCertificate> server = LoadServerCertificate(certificate, files, &sink);
    if (!server.has_value()) continue;
    CheckServerCertificate(*server, material.anchors, now, &sink);
    material.certificates.push_back(*std::move(server));
  }
  if (listener.tls.certificates.empty()) {
    sink.Error("no_server_certificate", "",
               absl::StrCat("listener ", listener.name, " has no server certificate"),
               "name one under tls.certificates");
  }
  material.id = MaterialId(material);
  return material;
}

// Readings are the same if every file has the same bytes, or the same error.
bool SameReading(const FileImages& a, const FileImages& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [path, image] : a) {
    auto other = b.find(path);
    if (other == b.end() || image.ok() != other->second.ok()) return false;
    if (image.ok() ? *image != *other->second : image.status() != other->second.status()) {
      return false;
    }
  }
  return true;
}

FileImages ReadOnce(const std::vector<std::string>& paths, FileReader& reader) {
  FileImages images;
  for (const std::string& path : paths) images.emplace(path, reader.Read(path));
  return images;
}

}  // namespace

std::vector<std::string> MaterialFiles(const config::Config& config) {
  std::vector<std::string> files;
  for (const config::Listener& listener : config.listeners) {
    for (const config::CertificateFiles& certificate : listener.tls.certificates) {
      for (const std::string* path : {&certificate.chain, &certificate.key, &certificate.bundle,
                                      &certificate.pkcs12, &certificate.passphrase_file}) {
        AddFile(*path, &files);
      }
    }
    if (listener.client_auth.mode == config::ClientAuthMode::kNone) continue;
    for (const std::string& path : listener.client_auth.trust_bundle) AddFile(path, &files);
  }
  return files;
}

BuildResult BuildGeneration(const config::Config& config, const FileImages& files, int64_t now) {
  BuildResult result;
  Generation& generation = result.partial;
  generation.loaded_at = now;
  std::string ids;
  for (const config::Listener& listener : config.listeners) {
    generation.listeners.push_back(BuildListener(listener, files, now, &result.findings));
    absl::StrAppend(&ids, generation.listeners.back().id, " ", listener.name, "\n");
  }
  generation.id = tls::Sha256Hex(ids);
  for (const Finding& finding : result.findings) {
    if (finding.severity == Severity::kWarning) generation.warnings.push_back(finding.ToString());
  }
  if (!HasError(result.findings)) {
    result.generation = std::make_shared<const Generation>(generation);
  }
  return result;
}

absl::StatusOr<FileImages> GenerationLoader::ReadAll(const config::Config& config,
                                                     FileReader& reader) {
  const std::vector<std::string> paths = MaterialFiles(config);
  FileImages previous = ReadOnce(paths, reader);
  for (int reading = 2; reading <= kMaxReadings; ++reading) {
    FileImages current = ReadOnce(paths, reader);
    if (SameReading(previous, current)) return current;
    previous = std::move(current);
  }
  return absl::UnavailableError(
      "the certificate files keep changing while they are read; trying again");
}

absl::StatusOr<GenerationPtr> GenerationLoader::Load(const config::Config& config,
                                                     FileReader& reader, int64_t now) {
  absl::StatusOr<FileImages> files = ReadAll(config, reader);
  if (!files.ok()) return files.status();
  BuildResult result = BuildGeneration(config, *files, now);
  if (result.generation == nullptr) {
    return absl::FailedPreconditionError(JoinErrors(result.findings));
  }
  return result.generation;
}

}  // namespace mantlet::certs
