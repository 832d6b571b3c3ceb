#include "config/loader/tls_names.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "config/suggest.h"

namespace mantlet::config {
namespace {

struct Alias {
  const char* name;   // a name that may be written
  const char* canon;  // the stored name
};

// Suites of RFC 5289 and RFC 7905 with forward secrecy and AEAD.
constexpr Alias kCipherSuites[] = {
    {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {"ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {"ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {"ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"ECDHE-RSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
};

constexpr Alias kGroups[] = {
    {"X25519MLKEM768", "X25519MLKEM768"},
    {"X25519", "X25519"},
    {"P-256", "P-256"},
    {"secp256r1", "P-256"},
    {"prime256v1", "P-256"},
    {"P-384", "P-384"},
    {"secp384r1", "P-384"},
    {"P-521", "P-521"},
    {"secp521r1", "P-521"},
};

template <size_t N>
const char* Canonical(const Alias (&table)[N], absl::string_view name) {
  for (const Alias& alias : table) {
    if (name == alias.name) return alias.canon;
  }
  return nullptr;
}

template <size_t N>
std::vector<std::string> Names(const Alias (&table)[N]) {
  std::vector<std::string> names;
  for (const Alias& alias : table) names.push_back(alias.name);
  return names;
}

// The names of TLS 1.3 suites contain no key exchange (RFC 8446, appendix B.4).
bool IsTls13Suite(const std::string& name) {
  return absl::StartsWith(name, "TLS_") && !absl::StrContains(name, "_WITH_");
}

// Returns whether `name` is an item of OpenSSL's list syntax other than a name: a keyword, an
// operator or several suites in one.
bool IsListExpression(const std::string& name) {
  return name.find_first_of(":!+@ ,") != std::string::npos || name == "HIGH" || name == "DEFAULT" ||
         name == "ALL";
}

}  // namespace

const char* CanonicalCipherSuite(absl::string_view name) { return Canonical(kCipherSuites, name); }

std::vector<std::string> CipherSuiteNames() { return Names(kCipherSuites); }

Problem NoSuchCipherSuite(const std::string& name) {
  if (IsTls13Suite(name)) {
    return {absl::StrCat("'", name,
                         "' belongs to TLS 1.3, whose suites are secure and cannot be configured"),
            "remove it; this list is for TLS 1.2"};
  }
  if (IsListExpression(name)) {
    return {absl::StrCat("'", name, "' is a cipher list expression"),
            "write one suite per item, e.g. ECDHE-ECDSA-AES128-GCM-SHA256"};
  }
  std::string hint = DidYouMean(name, CipherSuiteNames());
  if (hint.empty()) {
    hint =
        "only ECDHE suites with AES-GCM or ChaCha20-Poly1305 are offered, "
        "e.g. ECDHE-ECDSA-AES128-GCM-SHA256";
  }
  return {absl::StrCat("the cipher suite '", name, "' is not known or not safe"), hint};
}

const char* CanonicalGroup(absl::string_view name) { return Canonical(kGroups, name); }

std::vector<std::string> GroupNames() { return Names(kGroups); }

Problem NoSuchGroup(const std::string& name) {
  return {absl::StrCat("the group '", name, "' is not known"),
          DidYouMeanOrOneOf(name, {"X25519MLKEM768", "X25519", "P-256", "P-384", "P-521"})};
}

}  // namespace mantlet::config
