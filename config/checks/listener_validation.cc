#include "config/checks/listener_validation.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "config/checks/duplicates.h"
#include "config/checks/header_name_check.h"
#include "config/checks/policy_validation.h"
#include "config/enum_names.h"
#include "proxy/pattern/header_name.h"

namespace mantlet::config {
namespace {

// Warns of duplicate values in a list.
template <typename T, typename Print>
void WarnDuplicates(const std::vector<T>& values, const std::string& path, const std::string& key,
                    Print print, Findings& findings) {
  // Rejected items are missing from the values, so indices would differ from those of the file.
  if (findings.Rejected(path)) return;
  for (size_t i = 0; i < values.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (!(values[i] == values[j])) continue;
      findings.Warning(Item(path, i),
                       absl::StrCat(key, "[", i, "]: ", print(values[i]), " is listed twice"),
                       "remove one");
      break;
    }
  }
}

void ValidateCertificate(const CertificateFiles& files, const std::string& path,
                         Findings& findings) {
  if (findings.Rejected(path)) return;
  const bool pair = !files.chain.empty() || !files.key.empty();
  const int forms =
      (pair ? 1 : 0) + (files.bundle.empty() ? 0 : 1) + (files.pkcs12.empty() ? 0 : 1);
  if (forms == 0) {
    findings.Error(path, absl::StrCat(path, " has no certificate"),
                   "add 'chain:' and 'key:', or 'bundle:', or 'pkcs12:'");
  } else if (forms > 1) {
    findings.Error(path, absl::StrCat(path, " defines a certificate in more than one form"),
                   "keep one of 'chain:' with 'key:', 'bundle:' and 'pkcs12:'");
  } else if (pair && files.key.empty()) {
    findings.Error(path, absl::StrCat(path, " has a 'chain' but no 'key'"), "add 'key: FILE'");
  } else if (pair && files.chain.empty()) {
    findings.Error(path, absl::StrCat(path, " has a 'key' but no 'chain'"), "add 'chain: FILE'");
  }
}

void ValidateTls(const Tls& tls, const std::string& path, Findings& findings) {
  for (size_t i = 0; i < tls.certificates.size(); ++i) {
    ValidateCertificate(tls.certificates[i], Item(path + ".certificates", i), findings);
  }
  if (tls.min_version > tls.max_version && !findings.Rejected(path + ".min_version") &&
      !findings.Rejected(path + ".max_version")) {
    const bool min_written = findings.locations().Has(path + ".min_version");
    findings.Error(path + (min_written ? ".min_version" : ".max_version"),
                   absl::StrCat("min_version ", ToString(tls.min_version), " is above max_version ",
                                ToString(tls.max_version)),
                   "raise max_version or lower min_version");
  }
  if (!tls.cipher_suites.empty() && tls.min_version == TlsVersion::kTls13) {
    findings.Warning(path + ".cipher_suites", "cipher_suites has no effect with min_version 1.3",
                     "remove it, it is for TLS 1.2");
  }
  const auto as_is = [](const std::string& text) { return text; };
  WarnDuplicates(tls.cipher_suites, path + ".cipher_suites", "cipher_suites", as_is, findings);
  WarnDuplicates(tls.groups, path + ".groups", "groups", as_is, findings);
}

// Returns whether the section is empty: `spiffe: {}`, or only an empty list.
bool SaysNothing(const Spiffe& spiffe, const std::string& path, const Findings& findings) {
  return !spiffe.enabled() && findings.locations().Has(path) && !findings.Rejected(path);
}

void ValidateSpiffe(const Spiffe& spiffe, const std::string& path, Findings& findings) {
  const std::string list = path + ".trust_domains";
  for (size_t i = 0; i < spiffe.trust_domains.size(); ++i) {
    const SpiffeTrustDomain& domain = spiffe.trust_domains[i];
    const std::string item = Item(list, i);
    if (domain.bundle.empty() && !findings.Rejected(item)) {
      findings.Error(item + ".bundle",
                     absl::StrCat("bundle: the trust domain '", domain.name, "' has no file"),
                     "add a file; a SPIFFE bundle with empty 'keys' rejects all clients");
    }
  }
  RejectDuplicateNames(spiffe.trust_domains, list, "trust_domains", findings,
                       "put all files into the bundle of the one in line ");
}

void ValidateCrl(const ClientAuth& auth, const std::string& path, Findings& findings) {
  WarnDuplicates(
      auth.crl_files, path + ".files", "files", [](const std::string& file) { return file; },
      findings);
  if (findings.Rejected(path + ".files") || !auth.crl_files.empty()) return;
  if (auth.crl_policy == CrlPolicy::kRequire && auth.mode != ClientAuthMode::kNone) {
    findings.Error(path + ".policy", "policy: require needs a revocation list",
                   "add 'files: [FILE]', or all clients are rejected");
  }
  if (auth.crl_expired == ExpiredCrl::kUse) {
    findings.Warning(path + ".expired", "expired has no effect without files", "remove it");
  }
}

void ValidateClientAuth(const ClientAuth& auth, const std::string& path, Findings& findings) {
  WarnDuplicates(
      auth.trust_bundle, path + ".trust_bundle", "trust_bundle",
      [](const TrustFile& file) { return file.path; }, findings);
  WarnDuplicates(
      auth.spki_pins, path + ".spki_pins", "spki_pins", [](const std::string& pin) { return pin; },
      findings);
  WarnDuplicates(
      auth.ca_pins, path + ".ca_pins", "ca_pins", [](const std::string& pin) { return pin; },
      findings);
  ValidateSpiffe(auth.spiffe, path + ".spiffe", findings);
  ValidateCrl(auth, path + ".crl", findings);
  if (findings.Rejected(path + ".mode")) return;
  const auto warn_unless_asked = [&](bool used, const std::string& key) {
    if (auth.mode != ClientAuthMode::kNone || !used) return;
    findings.Warning(path + "." + key, key + " has no effect with mode none",
                     "remove it, or write mode: require to request certificates");
  };
  warn_unless_asked(!auth.trust_bundle.empty(), "trust_bundle");
  warn_unless_asked(auth.spiffe.enabled(), "spiffe");
  warn_unless_asked(!auth.spki_pins.empty(), "spki_pins");
  warn_unless_asked(!auth.ca_pins.empty(), "ca_pins");
  warn_unless_asked(!auth.crl_files.empty(), "crl");
  if (findings.Rejected(path + ".trust_bundle") || findings.Rejected(path + ".spiffe")) return;
  if (auth.mode == ClientAuthMode::kNone || auth.spiffe.enabled()) return;
  if (SaysNothing(auth.spiffe, path + ".spiffe", findings)) {
    if (auth.trust_bundle.empty()) {
      findings.Error(path + ".spiffe",
                     "spiffe has no trust domain, and there is no 'trust_bundle', so all clients "
                     "would be rejected",
                     "add a trust domain to trust_domains, or a bundle_map");
    } else {
      findings.Warning(path + ".spiffe",
                       "spiffe has no trust domain, so SPIFFE IDs are not verified, and every CA "
                       "of trust_bundle can issue any ID",
                       "add a trust domain to trust_domains, or a bundle_map; or remove spiffe");
    }
  } else if (auth.trust_bundle.empty()) {
    findings.Error(
        path + ".trust_bundle",
        absl::StrCat(path, " has no 'trust_bundle', which mode ", ToString(auth.mode), " needs"),
        "add 'trust_bundle: [FILE]', or write mode: none to accept all clients");
  }
}

void ValidateRemovedHeaders(const IdentityHeaders& headers, const std::string& path,
                            Findings& findings) {
  if (findings.Rejected(path + ".remove")) return;
  std::set<std::string> seen;  // folded
  for (const auto& [name, field] : headers.set) seen.insert(pattern::FoldHeaderName(name));
  for (size_t i = 0; i < headers.remove.size(); ++i) {
    const std::string& name = headers.remove[i];
    const std::string value_path = Item(path + ".remove", i);
    if (const auto problem = CheckRemovedHeader(name)) {
      findings.Error(value_path, absl::StrCat("remove: ", problem->what), problem->hint);
    } else if (!seen.insert(pattern::FoldHeaderName(name)).second) {
      findings.Warning(value_path,
                       absl::StrCat("remove: '", name, "' is already removed in every spelling"),
                       "leave it out");
    }
  }
}

void ValidateIdentityHeaders(const IdentityHeaders& headers, const std::string& path,
                             Findings& findings) {
  WarnDuplicates(
      headers.xfcc_fields, path + ".xfcc_fields", "xfcc_fields",
      [](XfccField field) { return ToString(field); }, findings);
  std::map<std::string, std::string> seen;  // folded name to name
  for (const auto& [name, field] : headers.set) {
    const std::string value_path = absl::StrCat(path, ".set.", name);
    if (const auto problem = CheckHeaderName(name, headers.xfcc != XfccMode::kSanitize)) {
      findings.Error(value_path, absl::StrCat("set: ", problem->what), problem->hint);
      continue;
    }
    const auto [duplicate, added] = seen.emplace(pattern::FoldHeaderName(name), name);
    if (added) continue;
    findings.Error(value_path,
                   absl::StrCat("set: '", name, "' and '", duplicate->second,
                                "' are the same header for applications that ignore letter case "
                                "and the difference of '-', '_' and '.'"),
                   "keep one");
  }
  ValidateRemovedHeaders(headers, path, findings);
}

void ValidateProtocols(const Listener& listener, const std::string& path, Findings& findings) {
  const std::vector<HttpProtocol>& protocols = listener.protocols;
  const std::string list = path + ".protocols";
  if (findings.Rejected(list)) return;
  if (protocols.empty()) {
    findings.Error(list, "protocols is empty, so no client could use this listener",
                   "list h2, http/1.1 or both, best first, or remove the key");
    return;
  }
  for (size_t i = 1; i < protocols.size(); ++i) {
    const auto first = std::find(protocols.begin(), protocols.end(), protocols[i]);
    if (first == protocols.begin() + static_cast<std::ptrdiff_t>(i)) continue;
    findings.Error(Item(list, i),
                   absl::StrCat("protocols[", i, "]: ", ToString(protocols[i]),
                                " is listed twice; only its first position counts"),
                   "remove one");
  }
  if (std::find(protocols.begin(), protocols.end(), HttpProtocol::kHttp2) == protocols.end() &&
      findings.locations().Has(path + ".limits.streams")) {
    findings.Warning(path + ".limits.streams", "streams has no effect without HTTP/2",
                     "remove it, or add h2 to 'protocols'");
  }
}

}  // namespace

void ValidateListener(const Listener& listener, const std::string& path, Findings& findings) {
  ValidateProtocols(listener, path, findings);
  ValidateTls(listener.tls, path + ".tls", findings);
  // If the whole section is missing, a missing trust bundle is not reported in addition.
  if (!findings.Rejected(path) || findings.locations().Has(path + ".client_auth")) {
    ValidateClientAuth(listener.client_auth, path + ".client_auth", findings);
  }
  ValidateIdentityHeaders(listener.identity_headers, path + ".identity_headers", findings);
  if (listener.identity_headers.xfcc == XfccMode::kAlwaysForwardOnly &&
      listener.client_auth.mode != ClientAuthMode::kRequire) {
    findings.Warning(
        path + ".identity_headers.xfcc",
        absl::StrCat("xfcc: always_forward_only with mode ", ToString(listener.client_auth.mode),
                     " lets every client claim any identity"),
        "write sanitize_set, or client_auth: mode: require");
  }
  ValidatePolicy(listener, path, findings);
}

}  // namespace mantlet::config
