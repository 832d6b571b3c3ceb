#include "config/loader/policy_types.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "config/suggest.h"
#include "proxy/base/handshake_failure.h"
#include "proxy/pattern/distinguished_name.h"
#include "proxy/pattern/dns_pattern.h"
#include "proxy/pattern/glob.h"
#include "proxy/pattern/mailbox.h"
#include "proxy/pattern/spiffe_id.h"

namespace mantlet::config {
namespace {

// '**' stands only alone between two '/'.
constexpr char kStars[] = "(?!.*(?:[^/]\\*\\*|\\*\\*[^/]))";

using Check = std::optional<Problem> (*)(const std::string&);

// A text that is stored as written if `check` accepts it.
ValueType<std::string> CheckedText(const char* name, const char* example, Check check,
                                   ValueForms forms) {
  ValueType<std::string> type;
  type.name = name;
  type.example = example;
  type.parse = [check](const ScalarText& scalar, std::string& out) -> std::optional<Problem> {
    if (scalar.text.empty()) return Problem{"the text is empty", "write one, or remove the key"};
    std::optional<Problem> problem = check(scalar.text);
    if (!problem) out = scalar.text;
    return problem;
  };
  type.print = [](const std::string& value) { return value; };
  type.forms = std::move(forms);
  return type;
}

std::optional<Problem> CheckGlob(const std::string& text) {
  const std::optional<std::string_view> fault = pattern::Glob::Fault(text);
  if (!fault) return std::nullopt;
  return Problem{absl::StrCat("'", text, "' ", std::string(*fault)),
                 "write '*' within a segment, or '**' between two '/' for any number of segments"};
}

// Applies the rules of SPIFFE IDs, with a valid character in place of each wildcard.
std::optional<Problem> CheckSpiffeId(const std::string& text) {
  const auto never = [&](const std::string& why, const char* hint) {
    return Problem{absl::StrCat("no SPIFFE ID can match '", text, "': ", why), hint};
  };
  const std::string sample = absl::StrReplaceAll(text, {{"*", "x"}});
  const absl::StatusOr<pattern::SpiffeId> id = pattern::ParseSpiffeId(sample);
  if (!id.ok()) {
    return never(std::string(id.status().message()), "write spiffe://example.org/ns/*/sa/web");
  }
  if (id->path.empty() && !absl::EndsWith(text, "//**")) {
    return never("an ID has a path", "add '/**' for all of the trust domain, or see trust_domain");
  }
  return CheckGlob(text);
}

std::optional<Problem> CheckUri(const std::string& text) {
  if (text[0] != '*' && !absl::StrContains(text, ':')) {
    return Problem{absl::StrCat("'", text, "' is not a URI"),
                   "begin it with its scheme, as in https://example.org/**"};
  }
  return CheckGlob(text);
}

std::optional<Problem> CheckPath(const std::string& text) {
  const auto never = [&](const char* why, const char* hint) {
    return Problem{absl::StrCat("no path can match '", text, "': ", why), hint};
  };
  if (text[0] != '/') return never("a path begins with '/'", "begin it with '/', or with '/**/'");
  if (absl::StrContains(text, '?')) {
    return never("the query is not part of it", "end it before the '?'");
  }
  if (absl::StrContains(text, ';') || absl::StrContains(text, '\\')) {
    return never("paths with ';' or '\\' are rejected", "leave it out");
  }
  for (size_t i = 0; i + 2 < text.size(); ++i) {
    if (text[i] == '%' && absl::ascii_isxdigit(text[i + 1]) && absl::ascii_isxdigit(text[i + 2])) {
      return never("paths are compared decoded", "write the character itself");
    }
  }
  const std::vector<std::string> segments = absl::StrSplit(text, '/');
  for (size_t i = 1; i < segments.size(); ++i) {
    if (segments[i] == "." || segments[i] == "..") {
      return never("'.' and '..' are resolved first", "write the path that is meant");
    }
    if (segments[i].empty() && i + 1 < segments.size()) {
      return never("empty segments are merged first", "write a single '/'");
    }
  }
  return CheckGlob(text);
}

std::optional<Problem> CheckDistinguishedName(const std::string& text) {
  const auto name = pattern::CanonicalName(text);
  if (name && !name->empty()) return std::nullopt;
  return Problem{absl::StrCat("'", text, "' is not a distinguished name"),
                 "write it as `mantlet certs show` does: CN=Example CA,O=Example"};
}

std::optional<Problem> CheckMethod(const std::string& text) {
  for (char c : text) {
    if (absl::ascii_isalnum(c) ||
        absl::string_view("!#$%&'*+-.^_`|~").find(c) != absl::string_view::npos) {
      continue;
    }
    return Problem{absl::StrCat("'", text, "' is not a method"), "write GET, POST …"};
  }
  return std::nullopt;
}

// Returns the error of a name of the form local-part@host, or null.
const char* MailboxFault(const std::string& text) {
  const size_t at = text.rfind('@');
  if (at == std::string::npos || at == 0 || at + 1 == text.size()) return "has no name@host";
  if (absl::StrContains(text.substr(at), '*')) return "has a '*' in its host";
  if (absl::StrContains(text.substr(0, at), '*') && at != 1) return "has a '*' within a name";
  for (unsigned char c : text) {
    if (c < 0x20 || c == 0x7f) return "has a control character";
  }
  return nullptr;
}

std::vector<std::string> VerificationWords() {
  std::vector<std::string> words = {"SUCCESS", "NONE", "FAILED"};
  for (size_t i = 0; i < base::kHandshakeFailureCount; ++i) {
    const auto reason = static_cast<base::HandshakeFailure>(i);
    if (!base::IsAboutCertificate(reason)) continue;
    words.push_back(absl::StrCat("FAILED:", std::string(base::ToString(reason))));
  }
  return words;
}

std::optional<Problem> CheckVerification(const std::string& text) {
  const std::vector<std::string> words = VerificationWords();
  if (std::find(words.begin(), words.end(), text) != words.end()) return std::nullopt;
  std::string hint = DidYouMean(text, words);
  if (hint.empty()) hint = "write SUCCESS, NONE, FAILED, or FAILED:reason as in FAILED:expired";
  return Problem{absl::StrCat("no client can have '", text, "'"), hint};
}

}  // namespace

ValueType<std::string> Mailbox(const char* name, const char* example) {
  ValueType<std::string> type;
  type.name = name;
  type.example = example;
  type.parse = [](const ScalarText& scalar, std::string& out) -> std::optional<Problem> {
    if (const char* fault = MailboxFault(scalar.text)) {
      return Problem{absl::StrCat("'", scalar.text, "' ", fault),
                     "write alice@example.org, or *@example.org for all of that host"};
    }
    out = pattern::CanonicalMailbox(scalar.text);
    return std::nullopt;
  };
  type.print = [](const std::string& value) { return value; };
  type.forms = {PatternForm("(?:\\*|[^*]+)@[^*@]+")};
  return type;
}

ValueType<std::string> IpAddress() {
  ValueType<std::string> type;
  type.name = "IP address";
  type.example = "192.0.2.1";
  type.parse = [](const ScalarText& scalar, std::string& out) -> std::optional<Problem> {
    for (int family : {AF_INET, AF_INET6}) {
      unsigned char bytes[sizeof(in6_addr)];
      char text[INET6_ADDRSTRLEN];
      if (inet_pton(family, scalar.text.c_str(), bytes) != 1) continue;
      out = inet_ntop(family, bytes, text, sizeof(text));
      return std::nullopt;
    }
    return Problem{absl::StrCat("'", scalar.text, "' is not an IP address"),
                   "write 192.0.2.1 or 2001:db8::1"};
  };
  type.print = [](const std::string& value) { return value; };
  type.forms = {PatternForm("(?:[0-9]{1,3}\\.){3}[0-9]{1,3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")};
  return type;
}

ValueType<std::string> SpiffeIdPattern() {
  return CheckedText(
      "SPIFFE ID, `*` and `**` allowed", "spiffe://example.org/ns/*/sa/web", CheckSpiffeId,
      {PatternForm(kStars +
                   std::string("spiffe://(?:\\*\\*|[a-z0-9._*-]+(?:/[A-Za-z0-9._*-]+)+)"))});
}
ValueType<std::string> UriPattern() {
  return CheckedText("URI, `*` and `**` allowed", "https://example.org/**", CheckUri,
                     {PatternForm(kStars + std::string("(?:\\*.*|[^:]*:.*)"))});
}
ValueType<std::string> PathPattern() {
  return CheckedText(
      "path, `*` and `**` allowed", "/api/**", CheckPath,
      {PatternForm(kStars +
                   std::string("(?!.*//)(?!.*%[0-9A-Fa-f]{2})(?!.*/\\.{1,2}(?:/|$))/[^?;\\\\]*"))});
}
ValueType<std::string> DistinguishedName() {
  return CheckedText("distinguished name", "CN=Example CA,O=Example", CheckDistinguishedName,
                     {PatternForm("[^/=][^=]*=.*")});
}
ValueType<std::string> Method() {
  return CheckedText("method", "GET", CheckMethod,
                     {PatternForm("[!#$%&'*+.^_`|~0-9A-Za-z-]+"), UnquotedForm()});
}
ValueType<std::string> Verification() {
  ValueForms forms;
  for (const std::string& word : VerificationWords()) forms.push_back(WordForm(word));
  return CheckedText("SUCCESS, NONE, FAILED or FAILED:reason", "FAILED:expired", CheckVerification,
                     std::move(forms));
}
ValueType<std::string> Text(const char* example) {
  return CheckedText("text", example,
                     [](const std::string&) -> std::optional<Problem> { return std::nullopt; },
                     {PatternForm(".+"), UnquotedForm()});
}

ValueType<std::string> DnsNamePattern(const char* example) {
  ValueType<std::string> type;
  type.name = "DNS name, `*.` allowed";
  type.example = example;
  type.parse = [](const ScalarText& scalar, std::string& out) -> std::optional<Problem> {
    if (const auto fault = pattern::DnsPattern::Fault(scalar.text)) {
      return Problem{absl::StrCat("'", scalar.text, "' ", std::string(*fault)),
                     "write a.example.org, or *.example.org for any one label"};
    }
    out = pattern::LowerAscii(scalar.text);
    return std::nullopt;
  };
  type.print = [](const std::string& value) { return value; };
  constexpr char kLabel[] = "[A-Za-z0-9_-]+";
  type.forms = {PatternForm(absl::StrCat("(?:\\*\\.)?", kLabel, "(?:\\.", kLabel, ")*")),
                UnquotedForm()};
  return type;
}

}  // namespace mantlet::config
