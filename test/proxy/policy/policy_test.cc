#include "proxy/policy/policy.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "test/config/policy_text.h"
#include "test/proxy/identity/edit_certificate.h"

namespace mantlet::policy {
namespace {

using identity::PeerIdentity;

PeerIdentity Nobody() {
  PeerIdentity peer;
  peer.tls.sni = "api.example.org";
  return peer;
}

PeerIdentity Alice() {
  PeerIdentity peer = Nobody();
  peer.verification = identity::Verification::kSuccess;
  identity::ClientCertificate& certificate = EditCertificate(peer);
  certificate.spiffe_id = "spiffe://example.org/ns/prod/sa/admin";
  certificate.san_uri = {"spiffe://example.org/ns/prod/sa/admin"};
  certificate.san_dns = {"alice.Example.org", "other.example.net"};
  certificate.cn = "alice";
  certificate.ou = {"Operations", "Night"};
  certificate.issuer = "CN=Example CA,O=Example\\, Inc.,C=DE";
  certificate.spki_sha256 = std::string(64, 'a');
  return peer;
}

// Returns "permit" or "deny", and the rule that decided.
std::string Ask(const std::string& flow, const PeerIdentity& peer, std::string_view method = "GET",
                std::string_view path = "/") {
  const auto policy = std::make_shared<const Policy>(config::ParsePolicy(flow));
  ConnectionView view;
  view.Refresh(policy, &peer);
  const Decision decision = policy->Decide({view, method, path});
  return (decision.permit ? "permit " : "deny ") + std::string(policy->rule_name(decision.rule));
}

// Returns the same for a connection without requests.
std::string AskOfConnection(const std::string& flow, const PeerIdentity& peer) {
  const auto policy = std::make_shared<const Policy>(config::ParsePolicy(flow));
  ConnectionView view;
  view.Refresh(policy, &peer);
  const Decision decision = policy->Decide(ConnectionFacts{view});
  return (decision.permit ? "permit " : "deny ") + std::string(policy->rule_name(decision.rule));
}

// Returns whether one match holds.
bool Holds(const std::string& match, const PeerIdentity& peer, std::string_view method = "GET",
           std::string_view path = "/") {
  return Ask("default: deny, rules: [{name: r, action: allow, match: {" + match + "}}]", peer,
             method, path) == "permit r";
}
bool HoldsForAlice(const std::string& match) { return Holds(match, Alice()); }
bool HoldsForNobody(const std::string& match) { return Holds(match, Nobody()); }
bool HoldsFor(const std::string& match, std::string_view method, std::string_view path) {
  return Holds(match, Nobody(), method, path);
}

TEST(PolicyTest, WithoutRulesTheDefaultDecides) {
  EXPECT_EQ(Ask("default: allow", Nobody()), "permit default");
  EXPECT_EQ(Ask("default: deny", Alice()), "deny default");
  EXPECT_EQ(Policy().rule_count(), 0u);
}

TEST(PolicyTest, TheFirstRuleThatMatchesDecides) {
  const std::string rules =
      "default: deny, rules: [{name: a, action: deny, match: {path: /a/secret}}, "
      "{name: b, action: allow, match: {path: /a/**}}, {name: c, action: deny, match: {path: /a}}]";
  EXPECT_EQ(Ask(rules, Nobody(), "GET", "/a/secret"), "deny a");
  EXPECT_EQ(Ask(rules, Nobody(), "GET", "/a/b"), "permit b");
  EXPECT_EQ(Ask(rules, Nobody(), "GET", "/a"), "permit b");
  EXPECT_EQ(Ask(rules, Nobody(), "GET", "/b"), "deny default");
}

TEST(PolicyTest, ARuleWithoutAMatchMatchesAlways) {
  EXPECT_EQ(Ask("rules: [{name: a, action: deny}]", Alice()), "deny a");
  EXPECT_EQ(Ask("rules: [{name: a, action: deny, match: {}}]", Nobody()), "deny a");
}

TEST(PolicyTest, RequireClientCertDeniesClientsWithoutOneAndDecidesNothingElse) {
  const std::string rules =
      "default: allow, rules: [{name: r, action: require_client_cert, match: {path: /a/**}}, "
      "{name: d, action: deny, match: {path: /a/d}}]";
  EXPECT_EQ(Ask(rules, Nobody(), "GET", "/a/x"), "deny r");
  EXPECT_EQ(Ask(rules, Nobody(), "GET", "/b"), "permit default");
  EXPECT_EQ(Ask(rules, Alice(), "GET", "/a/x"), "permit default");
  EXPECT_EQ(Ask(rules, Alice(), "GET", "/a/d"), "deny d");
}

TEST(PolicyTest, ACertificateThatWasNotVerifiedIsNone) {
  PeerIdentity peer = Alice();
  peer.verification = identity::Verification::kFailed;
  EXPECT_FALSE(Holds("cn: alice", peer));
  EXPECT_FALSE(Holds("client_cert: present", peer));
  EXPECT_TRUE(Holds("client_cert: absent", peer));
  EXPECT_EQ(Ask("rules: [{name: r, action: require_client_cert}]", peer), "deny r");
}

TEST(PolicyTest, ComparesWhatBecameOfTheCertificate) {
  PeerIdentity failed;
  failed.verification = identity::Verification::kFailed;
  failed.failure_reason = "expired";
  EXPECT_TRUE(Holds("verify: FAILED", failed));
  EXPECT_TRUE(Holds("verify: FAILED:expired", failed));
  EXPECT_TRUE(Holds("verify: [NONE, FAILED:expired]", failed));
  EXPECT_FALSE(Holds("verify: FAILED:revoked", failed));
  EXPECT_FALSE(Holds("verify: [SUCCESS, NONE]", failed));
  EXPECT_TRUE(HoldsForAlice("verify: SUCCESS"));
  EXPECT_FALSE(HoldsForAlice("verify: [NONE, FAILED]"));
  EXPECT_TRUE(HoldsForNobody("verify: NONE"));
  EXPECT_FALSE(HoldsForNobody("verify: [SUCCESS, FAILED]"));
  EXPECT_TRUE(Holds("not: {verify: FAILED:revoked}", failed));
}

TEST(PolicyTest, ComparesSpiffeIdsByPattern) {
  EXPECT_TRUE(HoldsForAlice("spiffe_id: spiffe://example.org/ns/prod/sa/admin"));
  EXPECT_TRUE(HoldsForAlice("spiffe_id: spiffe://example.org/ns/*/sa/admin"));
  EXPECT_TRUE(HoldsForAlice("spiffe_id: spiffe://example.org/**"));
  EXPECT_TRUE(HoldsForAlice("spiffe_id: spiffe://*/ns/**"));
  EXPECT_TRUE(
      HoldsForAlice("spiffe_id: [spiffe://other.org/**, spiffe://example.org/ns/*/sa/ad*]"));
  EXPECT_FALSE(HoldsForAlice("spiffe_id: spiffe://example.org/ns/*/sa/web"));
  EXPECT_FALSE(HoldsForAlice("spiffe_id: spiffe://example.org/ns/*"));
  EXPECT_FALSE(HoldsForAlice("spiffe_id: spiffe://example.com/**"));
  EXPECT_FALSE(HoldsForNobody("spiffe_id: spiffe://**"));
}

TEST(PolicyTest, ComparesTrustDomains) {
  EXPECT_TRUE(HoldsForAlice("trust_domain: example.org"));
  EXPECT_TRUE(HoldsForAlice("trust_domain: [a.org, example.org]"));
  EXPECT_FALSE(HoldsForAlice("trust_domain: example.or"));
  EXPECT_FALSE(HoldsForAlice("trust_domain: org"));
  EXPECT_FALSE(HoldsForNobody("trust_domain: example.org"));
}

TEST(PolicyTest, ComparesAnyOfSeveralNames) {
  EXPECT_TRUE(HoldsForAlice("dns_san: other.example.net"));
  EXPECT_TRUE(HoldsForAlice("dns_san: ALICE.example.org"));
  EXPECT_TRUE(HoldsForAlice("dns_san: '*.example.org'"));
  EXPECT_FALSE(HoldsForAlice("dns_san: '*.example.com'"));
  EXPECT_FALSE(HoldsForAlice("dns_san: example.org"));
  EXPECT_TRUE(HoldsForAlice("ou: Night"));
  EXPECT_TRUE(HoldsForAlice("ou: [Day, Operations]"));
  EXPECT_FALSE(HoldsForAlice("ou: night"));
  EXPECT_FALSE(HoldsForNobody("ou: Night"));
  PeerIdentity peer = Alice();
  EditCertificate(peer).san_uri = {"https://a.example/x", "urn:uuid:1"};
  EXPECT_TRUE(Holds("uri_san: 'urn:uuid:*'", peer));
  EXPECT_TRUE(Holds("uri_san: https://a.example/**", peer));
  EXPECT_FALSE(Holds("uri_san: https://b.example/**", peer));
  EditCertificate(peer).san_uri = {std::string("https://a.example/x\0y", 21)};
  EXPECT_FALSE(Holds("uri_san: https://a.example/**", peer));
}

TEST(PolicyTest, ComparesMailboxesAndAddresses) {
  PeerIdentity peer = Alice();
  EditCertificate(peer).san_email = {"Bob@Example.org", "eve@evil.example"};
  EditCertificate(peer).san_upn = {"alice@CORP.example"};
  EditCertificate(peer).san_ip = {"192.0.2.7", "2001:db8::7"};
  EXPECT_TRUE(Holds("email_san: Bob@EXAMPLE.org", peer));
  EXPECT_TRUE(Holds("email_san: '*@example.ORG'", peer));
  EXPECT_TRUE(Holds("email_san: [x@y, eve@evil.example]", peer));
  EXPECT_FALSE(Holds("email_san: bob@example.org", peer));  // RFC 5280 section 7.5
  EXPECT_FALSE(Holds("email_san: '*@sub.example.org'", peer));
  EXPECT_FALSE(Holds("email_san: '*@ample.org'", peer));
  EXPECT_FALSE(Holds("email_san: alice@corp.example", peer));
  EXPECT_TRUE(Holds("upn_san: alice@corp.example", peer));
  EXPECT_TRUE(Holds("upn_san: '*@Corp.example'", peer));
  EXPECT_FALSE(Holds("upn_san: '*@example.org'", peer));
  EXPECT_TRUE(Holds("ip_san: 192.0.2.7", peer));
  EXPECT_TRUE(Holds("ip_san: '2001:DB8:0::7'", peer));
  EXPECT_FALSE(Holds("ip_san: [192.0.2.8, '::7']", peer));
  for (const char* match : {"email_san: '*@example.org'", "upn_san: a@b", "ip_san: 192.0.2.7"}) {
    EXPECT_FALSE(HoldsForNobody(match)) << match;
  }
  peer.verification = identity::Verification::kFailed;
  EXPECT_FALSE(Holds("email_san: '*@example.org'", peer));
}

TEST(PolicyTest, ComparesSubjectsAndOrganizationIdentifiers) {
  PeerIdentity peer = Alice();
  EditCertificate(peer).subject = "CN=bank.example,organizationIdentifier=PSDDE-BAFIN-1,C=DE";
  EditCertificate(peer).organization_identifier = {"PSDDE-BAFIN-1"};
  EXPECT_TRUE(Holds("organization_identifier: PSDDE-BAFIN-1", peer));
  EXPECT_TRUE(Holds("organization_identifier: [x, PSDDE-BAFIN-1]", peer));
  EXPECT_FALSE(Holds("organization_identifier: psdde-bafin-1", peer));
  EXPECT_FALSE(Holds("organization_identifier: PSDDE-BAFIN-12", peer));
  EXPECT_TRUE(Holds("subject: 'cn=Bank.example, 2.5.4.97=PSDDE-BAFIN-1, C=DE'", peer));
  EXPECT_TRUE(Holds("subject: 'C=DE,organizationIdentifier=PSDDE-BAFIN-1,CN=bank.example'", peer));
  EXPECT_FALSE(Holds("subject: 'CN=bank.example,C=DE'", peer));
  EXPECT_FALSE(Holds("subject: 'CN=bank.example,OU=PSDDE-BAFIN-1,C=DE'", peer));
  EXPECT_FALSE(HoldsForNobody("subject: CN=alice"));
  EXPECT_FALSE(HoldsForNobody("organization_identifier: PSDDE-BAFIN-1"));
}

TEST(PolicyTest, TakesNoDoubtfulMailboxForOneOfAHost) {
  for (const char* text : {"a@evil.example@example.org", "@example.org", "a\x01@example.org",
                           "\xc3\xa9@example.org", "a@example.org ", "example.org"}) {
    PeerIdentity peer = Alice();
    EditCertificate(peer).san_email = {text};
    EXPECT_FALSE(Holds("email_san: '*@example.org'", peer)) << text;
  }
}

TEST(PolicyTest, ComparesCommonNameAndKey) {
  EXPECT_TRUE(HoldsForAlice("cn: alice"));
  EXPECT_FALSE(HoldsForAlice("cn: Alice"));
  EXPECT_FALSE(HoldsForAlice("cn: ali"));
  EXPECT_FALSE(HoldsForNobody("cn: alice"));
  EXPECT_TRUE(HoldsForAlice("spki_sha256: " + std::string(64, 'a')));
  EXPECT_TRUE(HoldsForAlice("spki_sha256: " + std::string(64, 'A')));
  EXPECT_FALSE(HoldsForAlice("spki_sha256: " + std::string(64, 'b')));
}

TEST(PolicyTest, ComparesIssuersHoweverTheyAreWritten) {
  EXPECT_TRUE(HoldsForAlice("issuer: 'CN=Example CA,O=Example\\, Inc.,C=DE'"));
  EXPECT_TRUE(HoldsForAlice("issuer: 'cn = example ca, o = \"Example, Inc.\", c = de'"));
  EXPECT_TRUE(HoldsForAlice("issuer: 'C = DE, O = \"Example, Inc.\", CN = Example CA'"));
  EXPECT_FALSE(HoldsForAlice("issuer: 'CN=Example CA,O=Example\\, Inc.'"));
  EXPECT_FALSE(HoldsForAlice("issuer: 'CN=Example CA'"));
  EXPECT_FALSE(HoldsForNobody("issuer: 'CN=Example CA'"));
}

TEST(PolicyTest, ComparesServerNames) {
  EXPECT_TRUE(HoldsForNobody("sni: api.example.org"));
  EXPECT_TRUE(HoldsForNobody("sni: '*.example.org'"));
  EXPECT_FALSE(HoldsForNobody("sni: example.org"));
  EXPECT_FALSE(Holds("sni: '*.example.org'", PeerIdentity()));
}

TEST(PolicyTest, ComparesMethodsAsTheyAreWritten) {
  EXPECT_TRUE(HoldsFor("method: GET", "GET", "/"));
  EXPECT_TRUE(HoldsFor("method: [GET, PURGE]", "PURGE", "/"));
  EXPECT_FALSE(HoldsFor("method: GET", "get", "/"));
  EXPECT_FALSE(HoldsFor("method: GET", "GETS", "/"));
}

TEST(PolicyTest, ComparesPaths) {
  EXPECT_TRUE(HoldsFor("path: /a", "GET", "/a"));
  EXPECT_FALSE(HoldsFor("path: /a", "GET", "/A"));
  EXPECT_FALSE(HoldsFor("path: /a", "GET", "/a/"));
  EXPECT_TRUE(HoldsFor("path: /admin/**", "GET", "/admin"));
  EXPECT_TRUE(HoldsFor("path: /admin/**", "GET", "/admin/x/y"));
  EXPECT_FALSE(HoldsFor("path: /admin/**", "GET", "/administrator"));
  EXPECT_TRUE(HoldsFor("path: /**", "GET", "/"));
  EXPECT_TRUE(HoldsFor("path: /u/*/photo", "GET", "/u/7/photo"));
  EXPECT_TRUE(HoldsFor("path: '/**/*.png'", "GET", "/a/b/c.png"));
  EXPECT_TRUE(HoldsFor("path: /café", "GET", "/caf\xc3\xa9"));
  EXPECT_FALSE(HoldsFor("path: /**", "OPTIONS", "*"));
  EXPECT_TRUE(HoldsFor("not: {path: /**}", "OPTIONS", "*"));
}

TEST(PolicyTest, EveryKeyOfAMatchHasToHold) {
  EXPECT_TRUE(HoldsForAlice("cn: alice, ou: Night, method: GET"));
  EXPECT_FALSE(HoldsForAlice("cn: alice, ou: Night, method: PUT"));
  EXPECT_FALSE(HoldsForAlice("cn: bob, ou: Night, method: GET"));
}

TEST(PolicyTest, CombinesMatches) {
  EXPECT_TRUE(HoldsForAlice("any: [{cn: bob}, {cn: alice}]"));
  EXPECT_FALSE(HoldsForAlice("any: [{cn: bob}, {cn: carol}]"));
  EXPECT_TRUE(HoldsForAlice("any: [{}]"));
  EXPECT_TRUE(HoldsForAlice("all: [{ou: Night}, {ou: Operations}]"));
  EXPECT_FALSE(HoldsForAlice("all: [{ou: Night}, {ou: Day}]"));
  EXPECT_TRUE(HoldsForAlice("not: {cn: bob}"));
  EXPECT_FALSE(HoldsForAlice("not: {cn: alice}"));
  EXPECT_FALSE(HoldsForAlice("not: {}"));
  EXPECT_TRUE(HoldsForAlice("not: {cn: alice, ou: Day}"));
  EXPECT_TRUE(HoldsForAlice("cn: alice, not: {ou: Day}, any: [{path: /}, {path: /x}]"));
  EXPECT_FALSE(HoldsForAlice("cn: alice, not: {ou: Day}, any: [{path: /y}, {path: /x}]"));
  EXPECT_TRUE(HoldsForAlice("not: {not: {not: {not: {cn: alice}}}}"));
}

TEST(PolicyTest, NotHoldsForAClientWithoutSuchAName) {
  EXPECT_TRUE(HoldsForNobody("not: {cn: alice}"));
  EXPECT_FALSE(HoldsForNobody("client_cert: present, not: {cn: alice}"));
  EXPECT_TRUE(HoldsForNobody("client_cert: absent"));
  EXPECT_FALSE(HoldsForAlice("client_cert: absent"));
}

TEST(PolicyTest, ANewPolicyHoldsFromTheNextDecision) {
  const PeerIdentity alice = Alice();
  ConnectionView view;
  for (const char* flow :
       {"rules: [{name: a, action: deny, match: {cn: alice}}]",
        "rules: [{name: b, action: deny, match: {ou: Night}}]", "default: allow"}) {
    const auto policy = std::make_shared<const Policy>(config::ParsePolicy(flow));
    view.Refresh(policy, &alice);
    EXPECT_EQ(policy->Decide({view, "GET", "/"}).permit, std::string(flow) == "default: allow");
  }
}

TEST(PolicyTest, AnUnknownClientHasNoCertificate) {
  const auto policy = std::make_shared<const Policy>(
      config::ParsePolicy("rules: [{name: r, action: require_client_cert}]"));
  ConnectionView view;
  view.Refresh(policy, nullptr);
  EXPECT_FALSE(policy->Decide({view, "GET", "/"}).permit);
}

TEST(PolicyTest, DecidesAboutAConnectionByTheClientsAttributes) {
  const std::string rules =
      "default: deny, rules: [{name: a, action: allow, match: {spiffe_id: 'spiffe://example.org/"
      "**'}}, {name: s, action: allow, match: {sni: api.example.org, client_cert: absent}}]";
  EXPECT_EQ(AskOfConnection(rules, Alice()), "permit a");
  EXPECT_EQ(AskOfConnection(rules, Nobody()), "permit s");
  EXPECT_EQ(AskOfConnection("default: deny", Alice()), "deny default");
  EXPECT_EQ(
      AskOfConnection("default: allow, rules: [{name: c, action: require_client_cert}]", Nobody()),
      "deny c");
}

TEST(PolicyTest, ARuleAboutRequestsPermitsNoConnection) {
  EXPECT_EQ(
      AskOfConnection("default: deny, rules: [{name: p, action: allow, match: {path: /a/**}}, "
                      "{name: m, action: allow, match: {method: GET}}, "
                      "{name: n, action: allow, match: {not: {path: /b}}}]",
                      Alice()),
      "deny default");
  EXPECT_EQ(AskOfConnection(
                "default: allow, rules: [{name: p, action: deny, match: {path: /a/**}}]", Alice()),
            "deny p");
  EXPECT_EQ(AskOfConnection("default: allow, rules: [{name: p, action: deny, match: "
                            "{path: /a/**, cn: bob}}]",
                            Alice()),
            "permit default")
      << "it can hold for no request of this client";
}

TEST(PolicyTest, ReportsWhetherAPathIsNeeded) {
  const auto asks = [](const char* flow) {
    return Policy(config::ParsePolicy(flow)).asks_for_path();
  };
  EXPECT_FALSE(asks("default: deny"));
  EXPECT_FALSE(asks("rules: [{name: a, action: deny, match: {method: GET}}]"));
  EXPECT_TRUE(asks("rules: [{name: a, action: deny, match: {path: /a}}]"));
  EXPECT_TRUE(asks("rules: [{name: a, action: deny, match: {any: [{not: {path: /a}}, {cn: b}]}}]"));
}

TEST(PolicyTest, ReportsWhichRulesMayDeny) {
  const Policy policy(config::ParsePolicy(
      "default: deny, rules: [{name: a, action: allow, match: {cn: a}}, "
      "{name: b, action: deny, match: {cn: b}}, {name: c, action: require_client_cert}]"));
  EXPECT_FALSE(policy.may_deny(0));
  EXPECT_TRUE(policy.may_deny(1));
  EXPECT_TRUE(policy.may_deny(2));
  EXPECT_TRUE(policy.may_deny(3));
  EXPECT_EQ(policy.rule_name(3), "default");
}

}  // namespace
}  // namespace mantlet::policy
