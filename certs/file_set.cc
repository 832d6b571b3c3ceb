#include "certs/file_set.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <deque>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "proxy/x509/hashing_source.h"
#include "proxy/x509/hex.h"

namespace mantlet::certs {
namespace {

constexpr int kMaxHops = 40;  // the kernel's limit for ELOOP

std::deque<std::string> Components(std::string_view path) {
  std::deque<std::string> components;
  while (!path.empty()) {
    size_t slash = path.find('/');
    std::string_view component = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (!component.empty() && component != ".") components.emplace_back(component);
  }
  return components;
}

std::string Join(const std::string& directory, const std::string& name) {
  return directory == "/" ? "/" + name : directory + "/" + name;
}

std::string Parent(const std::string& directory) {
  size_t slash = directory.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : directory.substr(0, slash);
}

std::string WorkingDirectory() {
  char buffer[PATH_MAX];
  return getcwd(buffer, sizeof(buffer)) == nullptr ? "/" : buffer;
}

std::string LinkTarget(const std::string& path) {
  char buffer[PATH_MAX];
  ssize_t size = readlink(path.c_str(), buffer, sizeof(buffer));
  return size <= 0 ? "" : std::string(buffer, static_cast<size_t>(size));
}

// Follows `path` one component at a time and adds the directory of each link and the directory of
// the file, or of the first component that does not exist.
void Walk(const std::string& path, std::set<std::string>* directories) {
  std::deque<std::string> rest =
      Components(path.starts_with('/') ? path : absl::StrCat(WorkingDirectory(), "/", path));
  std::string directory = "/";
  int hops = 0;
  while (!rest.empty()) {
    std::string name = std::move(rest.front());
    rest.pop_front();
    if (name == "..") {
      directory = Parent(directory);
      continue;
    }
    std::string here = Join(directory, name);
    struct stat status = {};
    if (lstat(here.c_str(), &status) != 0 || rest.empty() || S_ISLNK(status.st_mode)) {
      directories->insert(directory);
    }
    if (status.st_ino == 0) return;  // it does not exist (yet)
    if (S_ISLNK(status.st_mode)) {
      if (++hops > kMaxHops) return;
      std::string target = LinkTarget(here);
      if (target.empty()) return;
      if (target.starts_with('/')) directory = "/";
      std::deque<std::string> components = Components(target);
      rest.insert(rest.begin(), components.begin(), components.end());
    } else {
      directory = std::move(here);
    }
  }
}

}  // namespace

std::set<std::string> FileSet::Directories() const {
  std::set<std::string> directories;
  for (const std::string& path : paths_) Walk(path, &directories);
  return directories;
}

Fingerprint FingerprintOf(const absl::StatusOr<FileContent>& content) {
  if (!content.ok()) return {"", x509::Sha256Hex(content.status().ToString())};
  return {content->resolved, x509::Sha256Hex(content->bytes)};
}

Fingerprint ReadFingerprint(const std::string& path, FileReader& reader) {
  absl::StatusOr<std::unique_ptr<FileStream>> stream = reader.Open(path);
  if (!stream.ok()) return {"", x509::Sha256Hex(stream.status().ToString())};
  x509::HashingSource hashing(**stream);
  absl::StatusOr<std::string> sha256 = hashing.Finish();
  if (!sha256.ok()) return {"", x509::Sha256Hex(sha256.status().ToString())};
  return {(*stream)->resolved, *std::move(sha256)};
}

Fingerprints FileSet::Poll(FileReader& reader) const {
  Fingerprints fingerprints;
  for (const std::string& path : paths_) fingerprints[path] = ReadFingerprint(path, reader);
  return fingerprints;
}

std::vector<std::string> ChangedPaths(const Fingerprints& before, const Fingerprints& after) {
  std::vector<std::string> changed;
  for (const auto& [path, state] : after) {
    auto old = before.find(path);
    if (old == before.end() || old->second.sha256 != state.sha256) changed.push_back(path);
  }
  for (const auto& [path, state] : before) {
    if (!after.contains(path)) changed.push_back(path);
  }
  return changed;
}

}  // namespace mantlet::certs
