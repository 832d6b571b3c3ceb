#include "config/listener_validation.h"

#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "config/header_name_check.h"
#include "config/words.h"

namespace mantlet::config {
namespace {

std::string Item(const std::string& list, size_t index) {
  return absl::StrCat(list, "[", index, "]");
}

// Warns of values that stand in a list twice.
template <typename T, typename Print>
void WarnOfTwins(const std::vector<T>& values, const std::string& path, const std::string& key,
                 Print print, Findings& findings) {
  // Refused items are missing from the values, so indices would not be those of the file.
  if (findings.Refused(path)) return;
  for (size_t i = 0; i < values.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (!(values[i] == values[j])) continue;
      findings.Warning(Item(path, i),
                       absl::StrCat(key, "[", i, "]: ", print(values[i]), " stands here twice"),
                       "remove one");
      break;
    }
  }
}

void ValidateCertificate(const CertificateFiles& files, const std::string& path,
                         Findings& findings) {
  if (findings.Refused(path)) return;
  const bool pair = !files.chain.empty() || !files.key.empty();
  const int forms =
      (pair ? 1 : 0) + (files.bundle.empty() ? 0 : 1) + (files.pkcs12.empty() ? 0 : 1);
  if (forms == 0) {
    findings.Error(path, absl::StrCat(path, " names no certificate"),
                   "add 'chain:' and 'key:', or 'bundle:', or 'pkcs12:'");
  } else if (forms > 1) {
    findings.Error(path, absl::StrCat(path, " names a certificate in more than one way"),
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
  if (tls.min_version > tls.max_version && !findings.Refused(path + ".min_version") &&
      !findings.Refused(path + ".max_version")) {
    const bool min_written = findings.places().Has(path + ".min_version");
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
  WarnOfTwins(tls.cipher_suites, path + ".cipher_suites", "cipher_suites", as_is, findings);
  WarnOfTwins(tls.groups, path + ".groups", "groups", as_is, findings);
  if (tls.session_resumption) {
    findings.Error(path + ".session_resumption", "session_resumption: on is not available yet",
                   "write off, or remove the key");
  }
}

void ValidateClientAuth(const ClientAuth& auth, const std::string& path, Findings& findings) {
  if (!auth.crl_files.empty()) {
    findings.Error(path + ".crl.files", "crl.files: revocation lists are not available yet",
                   "leave the list empty");
  }
  // Accepting this and checking nothing would fail open.
  if (auth.crl_policy == CrlPolicy::kRequire) {
    findings.Error(path + ".crl.policy", "crl.policy: require is not available yet",
                   "write if_present, or remove the key");
  }
  WarnOfTwins(
      auth.trust_bundle, path + ".trust_bundle", "trust_bundle",
      [](const std::string& file) { return file; }, findings);
  if (findings.Refused(path + ".mode") || findings.Refused(path + ".trust_bundle")) return;
  if (auth.mode == ClientAuthMode::kNone && !auth.trust_bundle.empty()) {
    findings.Warning(path + ".trust_bundle", "trust_bundle has no effect with mode none",
                     "remove it, or write mode: require to ask for certificates");
  }
  if (auth.mode != ClientAuthMode::kNone && auth.trust_bundle.empty()) {
    findings.Error(
        path + ".trust_bundle",
        absl::StrCat(path, " has no 'trust_bundle', which mode ", ToString(auth.mode), " needs"),
        "add 'trust_bundle: [FILE]', or write mode: none to let everybody in");
  }
}

void ValidateIdentityHeaders(const IdentityHeaders& headers, const std::string& path,
                             Findings& findings) {
  WarnOfTwins(
      headers.xfcc_fields, path + ".xfcc_fields", "xfcc_fields",
      [](XfccField field) { return ToString(field); }, findings);
  std::map<std::string, std::string> seen;  // folded name to name
  for (const auto& [name, field] : headers.set) {
    const std::string place = absl::StrCat(path, ".set.", name);
    if (const auto problem = CheckHeaderName(name)) {
      findings.Error(place, absl::StrCat("set: ", problem->what), problem->hint);
      continue;
    }
    const auto [twin, added] = seen.emplace(FoldHeaderName(name), name);
    if (added) continue;
    findings.Error(
        place,
        absl::StrCat("set: '", name, "' and '", twin->second,
                     "' are one header to applications that fold case, '-', '_' and '.'"),
        "keep one");
  }
}

}  // namespace

void ValidateListener(const Listener& listener, const std::string& path, Findings& findings) {
  ValidateTls(listener.tls, path + ".tls", findings);
  // Without the section around it, a missing trust bundle would be one mistake too many.
  if (!findings.Refused(path) || findings.places().Has(path + ".client_auth")) {
    ValidateClientAuth(listener.client_auth, path + ".client_auth", findings);
  }
  ValidateIdentityHeaders(listener.identity_headers, path + ".identity_headers", findings);
  if (listener.identity_headers.xfcc == XfccMode::kAlwaysForwardOnly &&
      listener.client_auth.mode != ClientAuthMode::kRequire) {
    findings.Warning(
        path + ".identity_headers.xfcc",
        absl::StrCat("xfcc: always_forward_only with mode ", ToString(listener.client_auth.mode),
                     " lets anybody claim to be anybody"),
        "write sanitize_set, or client_auth: mode: require");
  }
  if (!listener.policy.default_allow) {
    findings.Warning(path + ".policy.default",
                     "policy.default: deny without rules refuses every request with 403",
                     "write allow, unless that is meant");
  }
}

}  // namespace mantlet::config
