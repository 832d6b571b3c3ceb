#include "certs/generation_loader.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "certs/diagnostic_sink.h"
#include "certs/ocsp_loader.h"
#include "certs/policy_names_check.h"
#include "certs/revocation_coverage.h"
#include "certs/revocation_loader.h"
#include "certs/server_certificate_check.h"
#include "certs/server_certificate_loader.h"
#include "certs/server_chain.h"
#include "certs/spiffe_loader.h"
#include "certs/trust_loader.h"
#include "proxy/x509/hex.h"
#include "proxy/x509/wipe.h"

namespace mantlet::certs {
namespace {

// Paths in the order they are added, each once.
class PathList {
 public:
  void Add(const std::string& path) {
    if (!path.empty() && known_.insert(path).second) paths_.push_back(path);
  }
  std::vector<std::string> Take() { return std::move(paths_); }

 private:
  std::set<std::string> known_;
  std::vector<std::string> paths_;
};

// Digest of what is served and trusted. The key needs no part in it: it fits the
// leaf, so another key means another certificate.
std::string MaterialId(const ListenerMaterial& material) {
  std::string digests;
  for (const ServerCertificate& server : material.certificates) {
    for (const std::string& der : server.chain_der) {
      absl::StrAppend(&digests, x509::Sha256Hex(der), " ");
    }
    if (server.ocsp != nullptr) {
      absl::StrAppend(&digests, "OCSP ", x509::Sha256Hex(server.ocsp->der));
    }
    digests += '\n';
  }
  digests += material.trust == nullptr ? "no trust bundle" : material.trust->id();
  for (const SpiffeDomain& domain : material.spiffe) {
    absl::StrAppend(&digests, "\nspiffe://", domain.name, " ",
                    domain.trust == nullptr ? "nobody" : domain.trust->id());
  }
  if (material.revocation != nullptr) {
    absl::StrAppend(&digests, "\nrevocation ", material.revocation->id());
  }
  return x509::Sha256Hex(digests);
}

void BuildTrustBundle(const config::ClientAuth& client_auth, const FileImages& files, int64_t now,
                      DiagnosticSink* sink, ListenerMaterial* material) {
  if (client_auth.trust_bundle.empty() && client_auth.spiffe.enabled()) return;
  material->anchors =
      LoadTrustAnchors(client_auth.trust_bundle, client_auth.partial_chain, files, now, sink);
  std::vector<x509::CertificatePtr> anchors;
  for (const TrustAnchor& anchor : material->anchors) anchors.push_back(anchor.certificate);
  absl::StatusOr<x509::TrustStorePtr> trust = x509::TrustStore::Create(anchors);
  if (trust.ok()) {
    material->trust = *std::move(trust);
  } else if (client_auth.trust_bundle.empty() || !material->anchors.empty()) {
    // Of a file without anchors, its own error has been told.
    sink->Error("no_trust_anchor", "",
                absl::StrCat("listener ", material->listener,
                             " has no trust anchor to verify clients with"),
                "name at least one CA certificate under client_auth.trust_bundle");
  }
}

const char* NobodyGetsIn(config::ClientAuthMode mode) {
  switch (mode) {
    case config::ClientAuthMode::kRequest:
      return " verifies no client's certificate";
    case config::ClientAuthMode::kOptional:
      return " refuses every client that has a certificate";
    default:
      return " refuses every client";
  }
}

// A good configuration with which every client certificate is refused.
void CheckThatSomebodyGetsIn(const config::ClientAuth& client_auth,
                             const ListenerMaterial& material, DiagnosticSink* sink) {
  if (client_auth.mode == config::ClientAuthMode::kNone || !client_auth.spiffe.enabled()) return;
  if (!client_auth.trust_bundle.empty()) return;
  if (std::any_of(material.spiffe.begin(), material.spiffe.end(),
                  [](const SpiffeDomain& domain) { return domain.trust != nullptr; })) {
    return;
  }
  sink->Warning("nobody_gets_in", "",
                absl::StrCat("listener ", material.listener, NobodyGetsIn(client_auth.mode),
                             ": it has no trust_bundle, and no SPIFFE trust domain has an "
                             "authority"),
                "get a bundle with authorities");
}

// Trust of one listener: `material->trust` is left null if it needs none, or if
// the sink got an error.
void BuildTrust(const config::ClientAuth& client_auth, const Reading& reading, int64_t now,
                DiagnosticSink* sink, ListenerMaterial* material) {
  if (client_auth.mode == config::ClientAuthMode::kNone) return;
  BuildTrustBundle(client_auth, reading.files, now, sink, material);
  material->spiffe =
      LoadSpiffeDomains(client_auth.spiffe, reading.files, now, sink, &material->anchors);
  LoadRevocationLists(client_auth, reading.revocation_files, now, sink, material);
}

ListenerMaterial BuildListener(const config::Listener& listener, const Reading& reading,
                               int64_t now, config::Diagnostics* diagnostics) {
  DiagnosticSink sink(listener.name, diagnostics);
  ListenerMaterial material;
  material.listener = listener.name;
  BuildTrust(listener.client_auth, reading, now, &sink, &material);
  for (const config::CertificateFiles& certificate : listener.tls.certificates) {
    std::optional<ServerCertificate> server =
        LoadServerCertificate(certificate, reading.files, &sink);
    if (!server.has_value()) continue;
    ChooseChain(material.anchors, now, &sink, &*server);
    CheckServerCertificate(*server, material.anchors, now, &sink);
    if (!certificate.ocsp_response.empty()) {
      LoadOcspResponse(certificate.ocsp_response, reading.files, material.anchors, now, &sink,
                       &*server);
    }
    material.certificates.push_back(*std::move(server));
  }
  CheckSideBySide(material.certificates, &sink);
  if (listener.tls.certificates.empty()) {
    sink.Error("no_server_certificate", "",
               absl::StrCat("listener ", listener.name, " has no server certificate"),
               "name one under tls.certificates");
  }
  CheckPolicyNames(listener, material, &sink);
  if (!config::HasErrors(*diagnostics))
    CheckThatSomebodyGetsIn(listener.client_auth, material, &sink);
  material.id = MaterialId(material);
  return material;
}

// The files that are read as a whole.
void AddMaterialPaths(const config::Listener& listener, PathList* files) {
  for (const config::CertificateFiles& certificate : listener.tls.certificates) {
    for (const std::string* path :
         {&certificate.chain, &certificate.key, &certificate.bundle, &certificate.pkcs12,
          &certificate.passphrase_file, &certificate.ocsp_response}) {
      files->Add(*path);
    }
  }
  if (listener.client_auth.mode == config::ClientAuthMode::kNone) return;
  for (const config::TrustFile& file : listener.client_auth.trust_bundle) {
    files->Add(file.path);
    files->Add(file.passphrase_file);
  }
  for (const std::string& path : SpiffeFiles(listener.client_auth.spiffe)) files->Add(path);
}

void AddRevocationPaths(const config::Listener& listener, PathList* files) {
  if (listener.client_auth.mode == config::ClientAuthMode::kNone) return;
  for (const std::string& path : listener.client_auth.crl_files) files->Add(path);
}

std::vector<std::string> MaterialPaths(const config::Config& config) {
  PathList files;
  for (const config::Listener& listener : config.listeners) AddMaterialPaths(listener, &files);
  return files.Take();
}

std::vector<std::string> RevocationPaths(const config::Config& config) {
  PathList files;
  for (const config::Listener& listener : config.listeners) AddRevocationPaths(listener, &files);
  return files.Take();
}

FileStates StatesOf(const Reading& reading) {
  FileStates states;
  for (const auto& [path, image] : reading.files) states.emplace(path, StateOf(image));
  for (const auto& [path, file] : reading.revocation_files) states.emplace(path, file->state);
  return states;
}

const FileState* Find(const FileStates& states, const std::string& path) {
  auto found = states.find(path);
  return found == states.end() ? nullptr : &found->second;
}

RevocationFilePtr Find(const Generation* generation, const std::string& path) {
  if (generation == nullptr) return nullptr;
  auto found = generation->revocation_files.find(path);
  return found == generation->revocation_files.end() ? nullptr : found->second;
}

// The files that another reading did not find just so.
std::set<std::string> Disagreeing(const FileStates& states, const FileStates& other) {
  std::set<std::string> paths;
  for (const auto& [path, state] : states) {
    auto found = other.find(path);
    if (found == other.end() || found->second != state) paths.insert(path);
  }
  return paths;
}

}  // namespace

void Wipe(FileImages* images) {
  for (auto& [path, image] : *images) {
    if (image.ok()) x509::Wipe(&image->bytes);
  }
}

std::vector<std::string> MaterialFiles(const config::Config& config) {
  PathList files;
  for (const std::string& path : MaterialPaths(config)) files.Add(path);
  for (const std::string& path : RevocationPaths(config)) files.Add(path);
  return files.Take();
}

std::vector<std::string> MaterialFiles(const config::Listener& listener) {
  PathList files;
  AddMaterialPaths(listener, &files);
  AddRevocationPaths(listener, &files);
  return files.Take();
}

BuildResult BuildGeneration(const config::Config& config, const Reading& reading, int64_t now,
                            const Generation* previous) {
  BuildResult result;
  Generation& generation = result.partial;
  generation.loaded_at = now;
  generation.revocation_files = reading.revocation_files;
  DiagnosticSink all("", &result.diagnostics);
  for (const config::Listener& listener : config.listeners) {
    config::Diagnostics& diagnostics = result.by_listener.emplace_back();
    ListenerMaterial& material =
        generation.listeners.emplace_back(BuildListener(listener, reading, now, &diagnostics));
    const ListenerMaterial* before = previous == nullptr ? nullptr : previous->Find(listener.name);
    if (before != nullptr) {
      DiagnosticSink sink(listener.name, &diagnostics);
      WarnOfOlderLists(material, *before, &sink);
      CheckForLostLists(listener.client_auth, *before, &sink, &material);
    }
    for (const config::Diagnostic& diagnostic : diagnostics) {
      if (diagnostic.severity == config::Severity::kWarning)
        material.warnings.push_back(config::Sentence(diagnostic));
      all.Add(diagnostic);
    }
  }
  Seal(&generation);
  if (!config::HasErrors(result.diagnostics)) {
    result.generation = std::make_shared<const Generation>(generation);
  }
  return result;
}

absl::StatusOr<Reading> GenerationLoader::ReadAll(const config::Config& config, FileReader& reader,
                                                  const FileStates* looked, FileStates* seen,
                                                  const Generation* previous,
                                                  std::set<std::string>* unstable) {
  const std::vector<std::string> paths = MaterialPaths(config);
  const std::vector<std::string> revocation_paths = RevocationPaths(config);
  FileStates before = looked == nullptr ? FileStates() : *looked;
  for (int number = 1; number <= kMaxReadings; ++number) {
    Reading reading;
    for (const std::string& path : paths) reading.files.emplace(path, reader.Read(path));
    for (const std::string& path : revocation_paths) {
      reading.revocation_files.emplace(
          path, ReadRevocationFile(path, reader, Find(before, path), Find(previous, path)));
    }
    FileStates states = StatesOf(reading);
    std::set<std::string> changing = Disagreeing(states, before);
    if (seen != nullptr) *seen = states;
    const bool enough = unstable != nullptr && number == kMaxReadings;
    if (enough) *unstable = changing;
    if (changing.empty() || enough) return reading;
    Wipe(&reading.files);
    before = std::move(states);
  }
  return absl::UnavailableError(
      "the certificate files keep changing while they are read; trying again");
}

absl::StatusOr<GenerationPtr> GenerationLoader::Load(const config::Config& config,
                                                     FileReader& reader, int64_t now,
                                                     const FileStates* looked, FileStates* seen,
                                                     const Generation* previous) {
  absl::StatusOr<Reading> reading = ReadAll(config, reader, looked, seen, previous);
  if (!reading.ok()) return reading.status();
  BuildResult result = BuildGeneration(config, *reading, now, previous);
  Wipe(&reading->files);
  if (result.generation == nullptr) {
    return absl::FailedPreconditionError(config::JoinErrors(result.diagnostics));
  }
  return result.generation;
}

}  // namespace mantlet::certs
