#include "proxy/server/sandbox_rules.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "certs/file_set.h"
#include "config/address_overlap.h"

namespace mantlet::server {
namespace {

using Files = std::vector<NamedFile>;

constexpr uint16_t kDnsPort = 53;

// What the C library reads: to resolve names, to load a module for that, and for groups and time
// zones. mantlet itself reads /proc for its metrics.
constexpr const char* kSystemFiles[] = {
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/passwd",
    "/etc/group",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/share/zoneinfo",
    "/proc",
    "/dev/null",
    "/dev/urandom",
    "/sys/devices/system/cpu",
};

std::string Item(const std::string& list, size_t index) {
  return absl::StrCat(list, "[", index, "]");
}

void Add(const std::string& key, const std::string& path, Files* files) {
  if (!path.empty()) files->push_back({key, path});
}

void AddCertificates(const std::string& tls, const config::Tls& config, Files* files) {
  for (size_t i = 0; i < config.certificates.size(); ++i) {
    const config::CertificateFiles& certificate = config.certificates[i];
    const std::string key = Item(tls + ".certificates", i);
    Add(key + ".chain", certificate.chain, files);
    Add(key + ".key", certificate.key, files);
    Add(key + ".bundle", certificate.bundle, files);
    Add(key + ".pkcs12", certificate.pkcs12, files);
    Add(key + ".passphrase_file", certificate.passphrase_file, files);
    Add(key + ".ocsp_response", certificate.ocsp_response, files);
  }
}

void AddTrust(const std::string& key, const config::ClientAuth& auth, Files* files) {
  if (auth.mode == config::ClientAuthMode::kNone) return;
  for (size_t i = 0; i < auth.trust_bundle.size(); ++i) {
    Add(Item(key + ".trust_bundle", i), auth.trust_bundle[i].path, files);
    Add(Item(key + ".trust_bundle", i) + ".passphrase_file", auth.trust_bundle[i].passphrase_file,
        files);
  }
  for (size_t i = 0; i < auth.spiffe.trust_domains.size(); ++i) {
    const std::vector<std::string>& bundle = auth.spiffe.trust_domains[i].bundle;
    for (size_t j = 0; j < bundle.size(); ++j) {
      Add(Item(Item(key + ".spiffe.trust_domains", i) + ".bundle", j), bundle[j], files);
    }
  }
  Add(key + ".spiffe.bundle_map", auth.spiffe.bundle_map, files);
  for (size_t i = 0; i < auth.crl_files.size(); ++i) {
    Add(Item(key + ".crl.files", i), auth.crl_files[i], files);
  }
}

// Returns the directory in which the file at `path` really is, or would be.
std::string RealDirectory(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  const std::filesystem::path real = std::filesystem::weakly_canonical(absolute, error);
  return (error ? absolute : real).parent_path().string();
}

// Returns whether the directory belongs to the system as a whole: "/", "/etc", "/run".
bool IsOfTheSystem(const std::string& directory) {
  return std::count(directory.begin(), directory.end(), '/') < 2;
}

// Allows a file to be replaced: by another file, by another target of a link on its path, or
// together with its directory. A directory that is made anew is another one to the kernel, so the
// one above is allowed, too.
void AllowReading(const std::string& path, sandbox::Ruleset* rules) {
  const std::string final_directory = RealDirectory(path);
  rules->read.insert(final_directory == "/" ? path : final_directory);
  std::set<std::string> hops = certs::FileSet({path}).Directories();
  hops.insert(final_directory);
  for (const std::string& hop : hops) {
    const std::string above = std::filesystem::path(hop).parent_path().string();
    for (const std::string& directory : {hop, above}) {
      if (!IsOfTheSystem(directory)) rules->read.insert(directory);
    }
  }
}

bool NeedsNames(const config::Address& address) {
  return address.kind == config::Address::Kind::kTcp && !config::IsLiteral(address);
}

// The real directory of a Unix socket.
std::string SocketDirectory(const config::Address& address) {
  const std::filesystem::path folder = std::filesystem::path(address.path).parent_path();
  std::error_code error;
  const std::filesystem::path real =
      std::filesystem::canonical(folder.empty() ? "." : folder, error);
  return error ? folder.string() : real.string();
}

std::vector<const config::Address*> BoundBy(const config::Config& config) {
  std::vector<const config::Address*> all;
  for (const config::Listener& listener : config.listeners) all.push_back(&listener.address);
  for (const config::Endpoint* endpoint : {&config.metrics, &config.admin}) {
    if (endpoint->enabled) all.push_back(&endpoint->address);
  }
  return all;
}

void AddBound(const config::Config& config, sandbox::Ruleset* rules) {
  std::set<uint16_t> ports;
  bool any = false;
  for (const config::Address* address : BoundBy(config)) {
    if (address->kind == config::Address::Kind::kUnix) {
      rules->sockets.insert(SocketDirectory(*address));
    } else if (address->kind == config::Address::Kind::kTcp) {
      // With several workers, the port that the kernel has chosen is bound again.
      any = any || address->port == 0;
      ports.insert(address->port);
    }
  }
  if (!config.upgrade.socket.empty()) {
    rules->sockets.insert(SocketDirectory(config::UpgradeAddress(config)));
  }
  if (!any) rules->bind_ports = std::move(ports);
}

void AddAccessLog(const std::string& target, sandbox::Ruleset* rules) {
  if (target == "stdout" || target == "off") return;
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(target, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    rules->write.insert(target);  // a FIFO or a device
    return;
  }
  rules->write.insert(RealDirectory(target));
}

bool IsBelow(const std::string& path, const std::set<std::string>& directories) {
  return std::any_of(directories.begin(), directories.end(), [&](const std::string& directory) {
    return directory == "/" || path == directory || path.starts_with(directory + "/");
  });
}

absl::Status RestartNeeded(const std::string& what) {
  return absl::FailedPreconditionError(absl::StrCat("restart needed: ", what));
}

absl::Status FilesFit(const sandbox::Ruleset& rules, const config::Config& next) {
  for (const NamedFile& file : FilesToRead(next)) {
    const std::string directory = RealDirectory(file.path);
    if (IsBelow(directory, rules.read) || rules.read.contains(file.path)) continue;
    return RestartNeeded(absl::StrCat(file.key.empty() ? "the configuration" : file.key, ": ",
                                      file.path, ": the sandbox of this process does not include ",
                                      directory));
  }
  return absl::OkStatus();
}

absl::Status ListenerFits(const sandbox::Ruleset& rules, const config::Address& address,
                          const std::string& key) {
  if (address.kind == config::Address::Kind::kUnix &&
      !IsBelow(SocketDirectory(address), rules.sockets)) {
    return RestartNeeded(
        absl::StrCat(key, ": ", config::ToString(address),
                     ": the sandbox of this process does not allow sockets in this directory"));
  }
  if (address.kind == config::Address::Kind::kTcp && rules.bind_ports.has_value() &&
      !rules.bind_ports->contains(address.port)) {
    return RestartNeeded(absl::StrCat(key, ": ", config::ToString(address),
                                      ": the sandbox of this process does not allow port ",
                                      address.port));
  }
  return absl::OkStatus();
}

absl::Status UpstreamFits(const sandbox::Ruleset& rules, const config::Address& address,
                          const std::string& key) {
  if (address.kind != config::Address::Kind::kTcp || !rules.connect_ports.has_value()) {
    return absl::OkStatus();
  }
  std::vector<uint16_t> wanted = {address.port};
  if (NeedsNames(address)) wanted.push_back(kDnsPort);
  for (const uint16_t port : wanted) {
    if (rules.connect_ports->contains(port)) continue;
    return RestartNeeded(
        absl::StrCat(key, ": ", config::ToString(address),
                     ": the sandbox of this process does not allow connections to port ", port,
                     port == address.port ? "" : ", which name servers use"));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<NamedFile> FilesToRead(const config::Config& config) {
  Files files;
  files.push_back({"", config.file});
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    const std::string key = Item("listeners", i);
    AddCertificates(key + ".tls", config.listeners[i].tls, &files);
    AddTrust(key + ".client_auth", config.listeners[i].client_auth, &files);
  }
  return files;
}

sandbox::Ruleset RulesFor(const config::Config& config) {
  sandbox::Ruleset rules;
  rules.read.insert(std::begin(kSystemFiles), std::end(kSystemFiles));
  for (const NamedFile& file : FilesToRead(config)) AllowReading(file.path, &rules);
  AddBound(config, &rules);
  AddAccessLog(config.log.access, &rules);
  rules.connect_ports.emplace();
  bool names = false;
  for (const config::Upstream& upstream : config.upstreams) {
    if (upstream.address.kind != config::Address::Kind::kTcp) continue;
    rules.connect_ports->insert(upstream.address.port);
    names = names || NeedsNames(upstream.address);
  }
  for (const config::Address* address : BoundBy(config)) names = names || NeedsNames(*address);
  if (names) {
    // resolv.conf and hosts are replaced by renaming, for example by DHCP clients.
    rules.read.insert("/etc");
    rules.read.insert(RealDirectory("/etc/resolv.conf"));
    rules.connect_ports->insert(kDnsPort);
  }
  return rules;
}

absl::Status FitsInto(const sandbox::Ruleset& rules, const config::Config& next) {
  if (absl::Status files = FilesFit(rules, next); !files.ok()) return files;
  for (size_t i = 0; i < next.listeners.size(); ++i) {
    absl::Status fits =
        ListenerFits(rules, next.listeners[i].address, Item("listeners", i) + ".address");
    if (!fits.ok()) return fits;
  }
  for (size_t i = 0; i < next.upstreams.size(); ++i) {
    absl::Status fits =
        UpstreamFits(rules, next.upstreams[i].address, Item("upstreams", i) + ".address");
    if (!fits.ok()) return fits;
  }
  return absl::OkStatus();
}

}  // namespace mantlet::server
