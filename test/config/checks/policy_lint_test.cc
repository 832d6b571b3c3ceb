// The warnings of `mantlet check` about rules that load.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "config/loader/loader.h"
#include "test/config/policy_text.h"

namespace mantlet::config {
namespace {

constexpr char kOptional[] = "mode: optional, trust_bundle: [ca.crt]";
constexpr char kRequire[] = "mode: require, trust_bundle: [ca.crt]";
constexpr char kNone[] = "mode: none";

// Returns each diagnostic as "[text at its location] what; hint".
std::string Said(const std::string& flow, const std::string& client_auth = kOptional) {
  const std::string text = TextWithPolicy(flow, client_auth);
  const LoadResult result = LoadText(text, "m.yaml", Environment());
  std::string said;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    const std::string rest = text.substr(static_cast<size_t>(diagnostic.where.column - 1));
    absl::StrAppend(&said, said.empty() ? "" : "\n", "[", rest.substr(0, rest.find_first_of(",]}")),
                    "] ", diagnostic.what, "; ", diagnostic.hint);
  }
  return said;
}
// Returns the diagnostics of one rule.
std::string SaidOf(const std::string& action, const std::string& match,
                   const std::string& client_auth = kOptional,
                   const std::string& fallback = "deny") {
  return Said("default: " + fallback + ", rules: [{name: r, action: " + action + ", match: {" +
                  match + "}}]",
              client_auth);
}
bool Contains(const std::string& said, const char* part) { return absl::StrContains(said, part); }

#define EXPECT_SAID(said, part) EXPECT_PRED2(Contains, said, part)
#define EXPECT_SILENCE(said) EXPECT_EQ(said, "")

TEST(PolicyLintTest, AcceptsPoliciesWithoutMistakes) {
  EXPECT_SILENCE(Said("default: allow"));
  EXPECT_SILENCE(
      Said("default: deny, rules: ["
           "{name: health, action: allow, match: {method: [GET, HEAD], path: /healthz}}, "
           "{name: staff, action: require_client_cert, match: {path: [/admin/**, /audit/**]}}, "
           "{name: no-contractors, action: deny, match: {path: /admin/**, ou: Contractors}}, "
           "{name: admins, action: allow, match: {path: /admin/**, spiffe_id: "
           "spiffe://example.org/ns/*/sa/admin}}, "
           "{name: rest, action: allow, match: {not: {path: [/admin/**, /audit/**]}}}]"));
}

TEST(PolicyLintTest, WarnsOfRulesAfterOneThatMatchesTheSame) {
  const auto pair = [](const std::string& first, const std::string& second) {
    return Said("default: deny, rules: [{name: a, action: allow, match: {" + first +
                    "}}, {name: b, action: allow, match: {" + second + "}}]",
                kRequire);
  };
  EXPECT_EQ(pair("", "path: /b"),
            "[{name: b] the rule 'b' never decides: 'a' in line 1 matches all of its requests; put "
            "it before that rule, or remove it");
  for (const auto& [first, second] : std::vector<std::pair<const char*, const char*>>{
           {"path: /a/**", "path: /a/b"},
           {"path: /a/**", "path: [/a, /a/b/*]"},
           {"path: /**", "path: /a, method: GET"},
           {"method: [GET, PUT]", "method: PUT"},
           {"spiffe_id: spiffe://a/**", "spiffe_id: spiffe://a/x/*"},
           {"trust_domain: a", "spiffe_id: spiffe://a/x"},
           {"spiffe_id: spiffe://a/**", "trust_domain: a"},
           {"uri_san: spiffe://a/**", "spiffe_id: spiffe://a/x"},
           {"dns_san: '*.a'", "dns_san: b.a"},
           {"issuer: 'CN=a,O=b'", "issuer: 'O = b, CN = A'"},
           {"any: [{cn: a}, {cn: b}]", "cn: b"},
           {"any: [{cn: a}, {path: /**}]", "path: /x"},
           {"all: [{path: /a/**}, {method: GET}]", "path: /a/b, method: GET"},
           {"not: {path: /a/**}", "path: /b/**"},
           {"not: {path: /a/b}", "not: {path: /a/**}"},
           {"path: /a/**", "any: [{path: /a/b}, {path: /a/c, method: GET}]"},
           {"path: /a/**", "all: [{path: /a/b}]"},
           {"cn: a, not: {ou: b}", "cn: a, not: {ou: b}"},
           {"client_cert: present", "cn: a"},
       }) {
    EXPECT_SAID(pair(first, second), "the rule 'b' never decides") << first << " | " << second;
  }
  for (const auto& [first, second] : std::vector<std::pair<const char*, const char*>>{
           {"path: /a/b", "path: /a/**"},
           {"path: /a/**", "path: [/a/b, /b]"},
           {"path: /a/**", "path: /administrator"},
           {"method: GET", "path: /a"},
           {"cn: a", "ou: a"},
           {"ou: a", "ou: [a, b]"},
           {"all: [{path: /a/**}, {method: GET}]", "path: /a/b"},
           {"not: {path: /a/**}", "path: /a/b"},
           {"not: {path: /a/**}", "not: {path: /a/b}"},
           {"not: {ou: a}", "ou: b"},
           {"any: [{cn: a}, {cn: b}]", "cn: c"},
           {"path: /a/**", "any: [{path: /a/b}, {path: /b}]"},
           {"spiffe_id: spiffe://a/**", "uri_san: spiffe://a/x"},
       }) {
    EXPECT_SILENCE(pair(first, second)) << first << " | " << second;
  }
}

constexpr char kRequest[] = "mode: request, trust_bundle: [ca.crt]";

TEST(PolicyLintTest, KnowsTheOutcomesOfEachMode) {
  EXPECT_SAID(SaidOf("allow", "verify: FAILED", kOptional),
              "can never match: with client_auth.mode optional, clients whose certificate fails "
              "are rejected");
  EXPECT_SAID(SaidOf("allow", "verify: [NONE, FAILED:expired]", kRequire), "can never match");
  EXPECT_SAID(SaidOf("allow", "verify: SUCCESS", kNone), "can never match");
  EXPECT_SAID(SaidOf("allow", "verify: FAILED, cn: a", kRequest), "exclude each other");
  EXPECT_SAID(SaidOf("allow", "verify: NONE, client_cert: present", kRequest),
              "exclude each other");
  EXPECT_SAID(SaidOf("allow", "verify: FAILED:expird", kRequest), "did you mean 'FAILED:expired'");
  EXPECT_SAID(SaidOf("allow", "verify: FAILED:timeout", kRequest), "no client can have");
  EXPECT_SILENCE(SaidOf("allow", "verify: FAILED:expired", kRequest));
  EXPECT_SILENCE(SaidOf("allow", "verify: [SUCCESS, NONE]", kRequest));
  EXPECT_SILENCE(SaidOf("allow", "verify: SUCCESS, cn: a", kRequest));
}

TEST(PolicyLintTest, ComparesVerificationOutcomes) {
  const auto pair = [](const std::string& first, const std::string& second,
                       const char* client_auth = kRequest) {
    return Said("default: deny, rules: [{name: a, action: allow, match: {" + first +
                    "}}, {name: b, action: allow, match: {" + second + "}}]",
                client_auth);
  };
  for (const auto& [first, second] : std::vector<std::pair<const char*, const char*>>{
           {"verify: FAILED", "verify: FAILED:expired"},
           {"verify: SUCCESS", "cn: a"},
           {"client_cert: present", "verify: SUCCESS"},
           {"client_cert: absent", "verify: [NONE, FAILED:expired]"},
           {"verify: [NONE, FAILED]", "client_cert: absent"},
           {"not: {verify: FAILED}", "verify: NONE"},
       }) {
    EXPECT_SAID(pair(first, second), "the rule 'b' never decides") << first << " | " << second;
  }
  for (const auto& [first, second] : std::vector<std::pair<const char*, const char*>>{
           {"verify: FAILED:expired", "verify: FAILED"},
           {"verify: FAILED:expired", "verify: FAILED:revoked"},
           {"verify: NONE", "client_cert: absent"},
           {"not: {verify: FAILED:expired}", "verify: FAILED"},
       }) {
    EXPECT_SILENCE(pair(first, second)) << first << " | " << second;
  }
  EXPECT_SAID(pair("verify: NONE", "client_cert: absent", kOptional), "never decides");
}

TEST(PolicyLintTest, UnderRequestAClientEscapesBySendingNoCertificateToo) {
  EXPECT_SAID(SaidOf("deny", "cn: a", kRequest, "allow"), "which mode request allows");
}

TEST(PolicyLintTest, ARequirementOnlyStandsBeforeClientsWithoutCertificate) {
  const auto behind = [](const std::string& rule) {
    return Said(
        "default: deny, rules: [{name: a, action: require_client_cert, match: {path: /a/**}}, " +
        rule + "]");
  };
  EXPECT_SILENCE(behind("{name: b, action: allow, match: {path: /a/b}}"));
  EXPECT_SAID(behind("{name: b, action: allow, match: {path: /a/b, client_cert: absent}}"),
              "never decides");
  EXPECT_SAID(behind("{name: b, action: require_client_cert, match: {path: /a/b/**}}"),
              "never decides");
}

TEST(PolicyLintTest, NamesConditionsThatExcludeEachOther) {
  const char* never = "the rule 'r' can never match: its conditions exclude each other";
  for (const char* match : {
           "client_cert: absent, cn: a",
           "client_cert: absent, any: [{cn: a}, {trust_domain: b}]",
           "cn: a, all: [{cn: b}]",
           "all: [{method: GET}, {method: PUT}]",
           "path: /a/**, all: [{path: /b/**}]",
           "path: /a, not: {path: /**}",
           "cn: a, not: {client_cert: present}",
           "spiffe_id: spiffe://a/**, trust_domain: b",
           "not: {}",
           "any: [{cn: a, client_cert: absent}, {not: {}}]",
           "sni: a.example, all: [{sni: '*.other'}]",
       }) {
    EXPECT_SAID(SaidOf("allow", match), never) << match;
  }
  for (const char* match : {
           "ou: a, all: [{ou: b}]",
           "dns_san: a, all: [{dns_san: b}]",
           "path: /a/**, all: [{path: '/**/b'}]",
           "cn: a, not: {cn: b}",
           "spiffe_id: spiffe://*/x, trust_domain: b",
       }) {
    EXPECT_SILENCE(SaidOf("allow", match)) << match;
  }
}

TEST(PolicyLintTest, KnowsWhichClientsHaveCertificates) {
  EXPECT_EQ(SaidOf("allow", "cn: a", kNone),
            "[{name: r] the rule 'r' can never match: with client_auth.mode none, no client has a "
            "certificate; remove the rule, or write mode: optional");
  EXPECT_SAID(SaidOf("allow", "client_cert: present", kNone), "no client has a certificate");
  EXPECT_SAID(SaidOf("allow", "client_cert: absent", kRequire), "every client has a certificate");
  EXPECT_SILENCE(SaidOf("allow", "path: /a", kNone));
  EXPECT_SAID(
      SaidOf("require_client_cert", "path: /a/**", kRequire),
      "[require_client_cert] require_client_cert has no effect with client_auth.mode require");
  EXPECT_SAID(SaidOf("require_client_cert", "path: /a/**", kNone),
              "denies every request that matches");
  EXPECT_SAID(SaidOf("require_client_cert", "cn: a"), "matches only clients with a certificate");
}

TEST(PolicyLintTest, NamesRulesThatAClientWithoutCertificateEscapes) {
  EXPECT_SAID(SaidOf("allow", "not: {ou: a}"), "also allows clients without a certificate");
  EXPECT_SAID(SaidOf("allow", "path: /a, any: [{not: {ou: a}}]"),
              "also allows clients without a certificate");
  EXPECT_SILENCE(SaidOf("allow", "client_cert: present, not: {ou: a}"));
  EXPECT_SILENCE(SaidOf("allow", "cn: b, not: {ou: a}"));
  EXPECT_SILENCE(SaidOf("allow", "not: {ou: a}", kRequire));
  EXPECT_SAID(SaidOf("deny", "ou: a", kOptional, "allow"),
              "evades the rule 'r' if it sends no certificate");
  EXPECT_SILENCE(SaidOf("deny", "ou: a", kOptional, "deny"));
  EXPECT_SILENCE(SaidOf("deny", "ou: a", kRequire, "allow"));
  EXPECT_SILENCE(
      Said("rules: [{name: c, action: require_client_cert, match: {path: /a/**}}, "
           "{name: r, action: deny, match: {path: /a/b/**, ou: x}}]"));
}

TEST(PolicyLintTest, NamesExactPathsThatASlashEscapes) {
  EXPECT_EQ(SaidOf("deny", "path: [/a, /b/**]"),
            "[/a] path: '/a/' is another path, which many applications treat as this one; write "
            "/a/** to deny both");
  EXPECT_SILENCE(SaidOf("deny", "path: [/a, /a/]"));
  EXPECT_SILENCE(SaidOf("deny", "path: /"));
  EXPECT_SILENCE(SaidOf("allow", "path: /a"));
}

TEST(PolicyLintTest, NamesValuesThatMeanSomethingElse) {
  EXPECT_EQ(SaidOf("allow", "method: [GET, put]"),
            "[put] method: 'put' is not 'PUT'; write PUT, letter case counts in methods");
  EXPECT_EQ(SaidOf("deny", "method: [DELETE, DELTE]"),
            "[DELTE] method: 'DELTE' is not a common method; did you mean 'DELETE'?");
  EXPECT_SAID(SaidOf("allow", "method: Opions"), "did you mean 'OPTIONS'?");
  EXPECT_SAID(SaidOf("allow", "method: CONNECT"), "no request can have the method 'CONNECT'");
  EXPECT_SAID(SaidOf("allow", "method: PRI"), "always rejects; remove it");
  EXPECT_SILENCE(SaidOf("allow", "method: [PROPFIND, PURGE, QUERY]"));
  EXPECT_SILENCE(SaidOf("deny", "method: [LIST, BAN, REFRESH, VERSION-CONTROL, FROBNICATE]"));
  EXPECT_SAID(SaidOf("allow", "cn: '*.example.org'"), "cn: '*' is not a wildcard here");
  EXPECT_SAID(SaidOf("allow", "ou: [a, b*]"), "[b*] ou: '*' is not a wildcard here");
  EXPECT_SAID(SaidOf("allow", "path: [/a, /b, /a]"), "path: '/a' is listed twice");
}

TEST(PolicyLintTest, NamesTrustDomainsWithoutABundle) {
  const std::string spiffe =
      "mode: require, spiffe: {trust_domains: [{name: example.org, bundle: [a.pem]}]}";
  EXPECT_SAID(SaidOf("allow", "trust_domain: [example.org, other.org]", spiffe),
              "[other.org] no client can be of the trust domain 'other.org'");
  EXPECT_SAID(SaidOf("allow", "spiffe_id: spiffe://other.org/**", spiffe),
              "of the trust domain 'other.org'");
  EXPECT_SILENCE(SaidOf("allow", "spiffe_id: [spiffe://example.org/a, spiffe://*/b]", spiffe));
  EXPECT_SILENCE(SaidOf("allow", "trust_domain: other.org", kRequire));
}

TEST(PolicyLintTest, EndsSoonWhateverTheRules) {
  std::string many = "default: deny, rules: [";
  for (int i = 0; i < 900; ++i) {
    absl::StrAppend(&many, i == 0 ? "" : ", ", "{name: r", i, ", action: allow, match: {path: ['/a",
                    i, "/**', '/**/b", i, "'], any: [{cn: c", i, "}, {not: {cn: d", i, "}}]}}");
  }
  Said(many + "]");
  std::string deep = "path: /a";
  for (int i = 0; i < 3; ++i) {
    const std::string inner = "{" + deep + "}";
    deep = "any: [" + inner + "," + inner + "," + inner + "], all: [" + inner + "," + inner +
           "], not: " + inner;
  }
  Said("rules: [{name: a, action: allow, match: {" + deep +
       "}}, {name: b, action: allow, match: {" + deep + "}}]");
}

}  // namespace
}  // namespace mantlet::config
