#include "certs/file_source.h"

#include <utility>

#include "certs/spiffe_loader.h"

namespace mantlet::certs {
namespace {

// PathList keeps paths in the order they are added, without duplicates.
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

// Adds the files that are read as a whole.
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

Fingerprints FingerprintsOf(const MaterialSnapshot& snapshot) {
  Fingerprints fingerprints;
  for (const auto& [path, image] : snapshot.files) fingerprints.emplace(path, FingerprintOf(image));
  for (const auto& [path, file] : snapshot.revocation_files)
    fingerprints.emplace(path, file->state);
  return fingerprints;
}

const Fingerprint* Find(const Fingerprints& fingerprints, const std::string& path) {
  auto found = fingerprints.find(path);
  return found == fingerprints.end() ? nullptr : &found->second;
}

RevocationFilePtr Find(const Generation* generation, const std::string& path) {
  if (generation == nullptr) return nullptr;
  auto found = generation->revocation_files.find(path);
  return found == generation->revocation_files.end() ? nullptr : found->second;
}

// Returns the paths whose states differ between two readings.
std::set<std::string> Disagreeing(const Fingerprints& fingerprints, const Fingerprints& other) {
  std::set<std::string> paths;
  for (const auto& [path, state] : fingerprints) {
    auto found = other.find(path);
    if (found == other.end() || found->second != state) paths.insert(path);
  }
  return paths;
}

}  // namespace

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

MaterialSnapshot FileSource::Read(const Fingerprints& before) {
  MaterialSnapshot snapshot;
  for (const std::string& path : MaterialPaths(config_)) {
    snapshot.files.emplace(path, reader_.Read(path));
  }
  for (const std::string& path : RevocationPaths(config_)) {
    snapshot.revocation_files.emplace(
        path, ReadRevocationFile(path, reader_, Find(before, path), Find(options_.previous, path)));
  }
  return snapshot;
}

absl::Status FileSource::PushTo(MaterialSink& sink) {
  Fingerprints before = options_.polled == nullptr ? Fingerprints() : *options_.polled;
  for (int number = 1; number <= kMaxReadings; ++number) {
    MaterialSnapshot snapshot = Read(before);
    fingerprints_ = FingerprintsOf(snapshot);
    unstable_ = Disagreeing(fingerprints_, before);
    const bool last = number == kMaxReadings;
    if (unstable_.empty() || (last && options_.push_unstable)) {
      return sink.Push(std::move(snapshot));
    }
    Wipe(&snapshot.files);
    before = fingerprints_;
  }
  return absl::UnavailableError(
      "the certificate files keep changing while they are read; trying again");
}

}  // namespace mantlet::certs
