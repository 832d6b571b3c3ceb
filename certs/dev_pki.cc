#include "certs/dev_pki.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "certs/file_reader.h"
#include "certs/file_writer.h"
#include "certs/time_text.h"
#include "proxy/base/ip_address.h"
#include "proxy/x509/issuer.h"
#include "proxy/x509/material.h"

namespace mantlet::certs {
namespace {

using x509::CertificateTemplate;
using x509::Credential;

constexpr char kListFile[] = ".mantlet-dev";
constexpr int64_t kDay = 24 * 3600;
constexpr int64_t kClockSkew = 3600;  // notBefore is this far in the past
constexpr int kMaxDays = 3650;
constexpr unsigned kPublicMode = 0644, kPrivateMode = 0600;

struct NewFile {
  std::string name;
  std::string bytes;
  unsigned mode = kPublicMode;
};

bool IsDnsName(const std::string& name) {
  if (name.empty() || name.size() > 253) return false;
  for (char c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '.' && c != '_' &&
        c != '*') {
      return false;
    }
  }
  return name.front() != '.' && name.find("..") == std::string::npos;
}

absl::Status SortNames(const std::vector<std::string>& names, x509::SubjectAltNames* san) {
  for (const std::string& name : names) {
    if (base::IsIpAddress(name)) {
      san->ip.push_back(name);
    } else if (name.find("://") != std::string::npos) {
      san->uri.push_back(name);
    } else if (IsDnsName(name)) {
      san->dns.push_back(absl::AsciiStrToLower(name));
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("--san ", name, ": neither a DNS name, an IP address nor a URI"));
    }
  }
  return absl::OkStatus();
}

// DevPki makes the files of one run, from the CAs to the configuration.
class DevPki {
 public:
  explicit DevPki(const DevPkiOptions& options) : options_(options) {
    leaf_end_ = options.now + options.days * kDay;
  }

  absl::StatusOr<DevPkiReport> Write() {
    absl::Status status = Prepare();
    if (status.ok()) status = ProvideAuthorities();
    if (status.ok()) status = IssueLeaves();
    if (!status.ok()) return status;
    files_.push_back({"ca.crt", root_.certificate->ToPem(), kPublicMode});
    files_.push_back({"mantlet.yaml", Configuration(), kPublicMode});
    status = WriteFiles();
    if (!status.ok()) return status;
    return Report();
  }

 private:
  std::string Path(const std::string& name) const { return absl::StrCat(directory_, "/", name); }

  // Checks the options, creates the directory and checks that its files may be replaced.
  absl::Status Prepare() {
    if (options_.days < 1 || options_.days > kMaxDays) {
      return absl::InvalidArgumentError(absl::StrCat("--days must be from 1 to ", kMaxDays));
    }
    absl::Status status =
        SortNames(options_.sans.empty() ? std::vector<std::string>{"localhost", "127.0.0.1", "::1"}
                                        : options_.sans,
                  &san_);
    if (!status.ok()) return status;
    status = MakeDirectories(options_.directory);
    if (!status.ok()) return status;
    char resolved[PATH_MAX];
    if (realpath(options_.directory.c_str(), resolved) == nullptr) {
      return absl::UnavailableError(absl::StrCat(options_.directory, ": no such directory"));
    }
    directory_ = resolved;
    return RefuseForeignFiles();
  }

  absl::Status RefuseForeignFiles() {
    absl::StatusOr<FileContent> list = reader_.Read(Path(kListFile));
    if (list.ok()) {
      for (absl::string_view name : absl::StrSplit(list->bytes, '\n', absl::SkipEmpty())) {
        ours_.emplace(name);
      }
    }
    for (const char* name :
         {"root.crt", "root.key", "intermediate.crt", "intermediate.key", "ca.crt", "server.crt",
          "server.key", "client.crt", "client.key", "mantlet.yaml"}) {
      struct stat status = {};
      if (!ours_.contains(name) && lstat(Path(name).c_str(), &status) == 0) {
        return absl::AlreadyExistsError(absl::StrCat(
            Path(name), ": exists and was not created by `mantlet certs dev`; use another --out"));
      }
    }
    return absl::OkStatus();
  }

  // Returns a CA of an earlier run if it outlives the new leaf certificates.
  std::optional<Credential> Earlier(const std::string& name) {
    if (!ours_.contains(name + ".crt") || !ours_.contains(name + ".key")) return std::nullopt;
    absl::StatusOr<FileContent> crt = reader_.Read(Path(name + ".crt"));
    absl::StatusOr<FileContent> key = reader_.Read(Path(name + ".key"));
    if (!crt.ok() || !key.ok()) return std::nullopt;
    absl::StatusOr<x509::Material> certificate = x509::ParseMaterial(crt->bytes, std::nullopt);
    absl::StatusOr<x509::Material> private_key = x509::ParseMaterial(key->bytes, std::nullopt);
    if (!certificate.ok() || !private_key.ok()) return std::nullopt;
    Credential earlier{certificate->items[0].certificate, private_key->items[0].key};
    if (earlier.certificate == nullptr || earlier.key == nullptr ||
        !earlier.key->Matches(*earlier.certificate) ||
        earlier.certificate->not_after() < leaf_end_) {
      return std::nullopt;
    }
    return earlier;
  }

  absl::Status ProvideAuthorities() {
    std::optional<Credential> root = Earlier("root");
    std::optional<Credential> intermediate = Earlier("intermediate");
    if (root.has_value() && intermediate.has_value() &&
        intermediate->certificate->IssuedBy(*root->certificate)) {
      kept_authorities_ = true;
      root_ = *root;
      intermediate_ = *intermediate;
      return absl::OkStatus();
    }
    const int64_t begin = options_.now - kClockSkew;
    const int64_t end = options_.now + options_.days * 10 * kDay;
    absl::Status status =
        Make("root", CertificateTemplate::Ca("mantlet dev root", begin, end), nullptr, &root_);
    if (!status.ok()) return status;
    CertificateTemplate what = CertificateTemplate::Ca("mantlet dev intermediate", begin, end);
    what.path_length = 0;
    status = Make("intermediate", what, &root_, &intermediate_);
    return status;
  }

  absl::Status IssueLeaves() {
    const int64_t begin = options_.now - kClockSkew;
    std::string name = !san_.dns.empty() ? san_.dns[0] : san_.ip.empty() ? "server" : san_.ip[0];
    CertificateTemplate server = CertificateTemplate::Server(name, {}, begin, leaf_end_);
    server.san = san_;
    server.san.uri.push_back("spiffe://dev.mantlet/server");
    absl::Status status = Make("server", server, &intermediate_, &server_);
    if (!status.ok()) return status;
    CertificateTemplate client = CertificateTemplate::Client("client", begin, leaf_end_);
    client.subject = {{"O", "mantlet dev"}, {"CN", "client"}};
    client.san.dns = {"client.dev.mantlet"};
    client.san.uri = {"spiffe://dev.mantlet/client"};
    // An SVID must allow both purposes, or have no extended key usage (X509-SVID, section 4.4).
    client.extended_key_usage = {"serverAuth", "clientAuth"};
    return Make("client", client, &intermediate_, &client_);
  }

  // Issues a certificate and adds its two files. The file of a leaf also contains its intermediate.
  absl::Status Make(const std::string& name, const CertificateTemplate& what,
                    const Credential* issuer, Credential* made) {
    absl::StatusOr<Credential> credential = x509::IssueWithNewKey(what, issuer);
    if (!credential.ok()) return credential.status();
    *made = *std::move(credential);
    std::string chain = made->certificate->ToPem();
    if (!what.ca) chain += intermediate_.certificate->ToPem();
    files_.push_back({name + ".crt", std::move(chain), kPublicMode});
    files_.push_back({name + ".key", made->key->ToPem(), kPrivateMode});
    return absl::OkStatus();
  }

  std::string Quoted(const std::string& path) const {
    std::string quoted = "\"";
    for (size_t i = 0; i < path.size(); ++i) {
      if (path[i] == '"' || path[i] == '\\') quoted += '\\';
      if (path.compare(i, 2, "${") == 0) quoted += '$';  // ${…} in a configuration is expanded
      quoted += path[i];
    }
    return quoted + "\"";
  }

  std::string Configuration() const {
    return absl::StrCat(
        "# A configuration to try mantlet with, made by `mantlet certs dev`.\n"
        "listeners:\n"
        "  - name: public\n"
        "    address: 127.0.0.1:",
        options_.port,
        "\n"
        "    upstream: app\n"
        "    tls:\n"
        "      certificates:\n"
        "        - chain: ",
        Quoted(Path("server.crt")), "\n          key: ", Quoted(Path("server.key")),
        "\n"
        "    client_auth:\n"
        "      trust_bundle: [",
        Quoted(Path("ca.crt")),
        "]\n"
        "upstreams:\n"
        "  - name: app\n"
        "    address: 127.0.0.1:",
        options_.upstream_port,
        "\n"
        "metrics:\n"
        "  address: 127.0.0.1:",
        options_.metrics_port, "\n");
  }

  absl::Status WriteFiles() {
    // Write the list first: if this run is interrupted, the next can still replace its files.
    std::set<std::string> names = ours_;
    for (const NewFile& file : files_) names.insert(file.name);
    std::string list;
    for (const std::string& name : names) absl::StrAppend(&list, name, "\n");
    absl::Status status = WriteFileAtomically(Path(kListFile), list, kPublicMode);
    for (const NewFile& file : files_) {
      if (status.ok()) status = WriteFileAtomically(Path(file.name), file.bytes, file.mode);
    }
    return status;
  }

  std::string CurlLine() const {
    std::string host = !san_.dns.empty() ? san_.dns[0] : san_.ip.empty() ? "localhost" : san_.ip[0];
    if (host.starts_with("*.")) host.replace(0, 1, "www");
    if (host.find(':') != std::string::npos) host = absl::StrCat("[", host, "]");
    std::string resolve;
    if (!san_.dns.empty() && host != "localhost") {
      resolve = absl::StrCat(" --resolve ", host, ":", options_.port, ":127.0.0.1");
    }
    return absl::StrCat("curl --cacert ", Path("ca.crt"), " --cert ", Path("client.crt"), " --key ",
                        Path("client.key"), resolve, " https://", host, ":", options_.port, "/");
  }

  DevPkiReport Report() const {
    DevPkiReport report;
    for (const NewFile& file : files_) report.files.push_back(Path(file.name));
    report.text = absl::StrCat(
        kept_authorities_
            ? "Root and intermediate of an earlier run are kept; the leaves are new.\n"
            : "A temporary PKI, for experiments only: its keys are not encrypted.\n",
        "  in           ", directory_, "\n",
        "  root.crt, intermediate.crt and their keys: the CAs\n"
        "  ca.crt       the root, for clients and servers to trust\n"
        "  server.crt   ",
        server_.certificate->subject(), ", and its intermediate; server.key\n", "  client.crt   ",
        client_.certificate->subject(), ", and its intermediate; client.key\n",
        "  mantlet.yaml listens on 127.0.0.1:", options_.port,
        ", forwards to 127.0.0.1:", options_.upstream_port,
        "\n"
        "Server and client certificate expire ",
        RelativeTime(leaf_end_, options_.now), " (", DateTime(leaf_end_), ").\n\n",
        "  mantlet echo --address 127.0.0.1:", options_.upstream_port,
        " &   # an application that returns its requests\n", "  mantlet run --config ",
        Path("mantlet.yaml"), " &\n", "  ", CurlLine(), "\n");
    return report;
  }

  const DevPkiOptions& options_;
  DiskFileReader reader_;
  std::string directory_;
  x509::SubjectAltNames san_;
  int64_t leaf_end_ = 0;
  std::set<std::string> ours_;  // files of an earlier run
  bool kept_authorities_ = false;
  Credential root_, intermediate_, server_, client_;
  std::vector<NewFile> files_;
};

}  // namespace

absl::StatusOr<DevPkiReport> WriteDevPki(const DevPkiOptions& options) {
  return DevPki(options).Write();
}

}  // namespace mantlet::certs
