// Checks that the index never changes a decision, for any rules.

#include "proxy/policy/rule_index.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "proxy/policy/policy.h"
#include "test/proxy/identity/edit_certificate.h"

namespace mantlet::policy {
namespace {

using Strings = std::vector<std::string>;

config::Rule RuleOf(config::Match match) {
  config::Rule rule;
  rule.match = std::move(match);
  return rule;
}

// Evaluates a policy without an index: one rule after the other.
Decision Plainly(const config::Policy& config, const ClientFacts& client, std::string_view method,
                 std::string_view path) {
  for (uint32_t i = 0; i < config.rules.size(); ++i) {
    if (!CompiledMatch(config.rules[i].match).Holds(client, method, path)) continue;
    if (config.rules[i].action == config::RuleAction::kAllow) return {true, i};
    if (config.rules[i].action == config::RuleAction::kDeny) return {false, i};
    if (!client.has_certificate) return {false, i};
  }
  return {config.default_allow, static_cast<uint32_t>(config.rules.size())};
}

class RandomPolicies {
 public:
  explicit RandomPolicies(uint32_t seed) : random_(seed) {}

  size_t Below(size_t limit) { return random_() % limit; }
  Strings Some(const Strings& from) {
    Strings some;
    for (size_t i = 0; i < 1 + Below(2); ++i) some.push_back(from[Below(from.size())]);
    return some;
  }
  config::Match MakeMatch(int depth) {
    config::Match match;
    if (Below(3) == 0) match.path = Some(kPaths);
    if (Below(4) == 0) match.method = Some({"GET", "PUT"});
    if (Below(4) == 0) match.spiffe_id = Some(kIds);
    if (Below(6) == 0) match.cn = Some({"alice", "bob"});
    if (Below(8) == 0) match.ou = Some({"x", "y"});
    if (Below(8) == 0) match.organization_identifier = Some({"x", "y"});
    if (Below(8) == 0) match.subject = Some({"CN=alice", "CN=bob"});
    if (Below(8) == 0) match.email_san = Some({"a@a.org", "*@a.org", "b@b.org"});
    if (Below(8) == 0) match.upn_san = Some({"a@a.org", "*@a.org"});
    if (Below(8) == 0) match.ip_san = Some({"192.0.2.1", "::1"});
    if (Below(8) == 0) match.dns_san = Some({"a.org", "*.org", "b.org"});
    if (Below(8) == 0) match.uri_san = Some(kIds);
    if (Below(8) == 0) match.trust_domain = Some({"a", "b"});
    if (Below(8) == 0) match.client_cert = config::CertificatePresence::kAbsent;
    if (depth == 0) return match;
    if (Below(4) == 0) match.any = {MakeMatch(depth - 1), MakeMatch(depth - 1)};
    if (Below(6) == 0) match.all = {MakeMatch(depth - 1)};
    if (Below(6) == 0) match.not_ = {MakeMatch(depth - 1)};
    return match;
  }
  config::Policy MakePolicy() {
    config::Policy policy;
    policy.default_allow = Below(2) == 0;
    for (size_t i = 0; i < Below(20); ++i) {
      config::Rule rule = RuleOf(MakeMatch(2));
      rule.action = static_cast<config::RuleAction>(Below(3));
      policy.rules.push_back(rule);
    }
    return policy;
  }
  identity::PeerIdentity MakePeer() {
    identity::PeerIdentity peer;
    if (Below(4) == 0) return peer;
    peer.verification = identity::Verification::kSuccess;
    identity::ClientCertificate& certificate = EditCertificate(peer);
    certificate.spiffe_id = Below(2) == 0 ? "spiffe://a/x/y" : "spiffe://b/x";
    certificate.san_uri = {certificate.spiffe_id, "spiffe://a/x"};
    certificate.cn = Below(2) == 0 ? "alice" : "carol";
    certificate.ou = {"x", "z"};
    certificate.san_dns = {"B.org", "c.d.org"};
    certificate.organization_identifier = {"y"};
    certificate.subject = "CN=bob";
    certificate.san_email = {"x@A.org", "b@b.org"};
    certificate.san_upn = {"a@a.org"};
    certificate.san_ip = {"::1"};
    return peer;
  }

 private:
  const Strings kPaths = {"/",   "/a",    "/a/b", "/a/**",   "/a/*",
                          "/**", "/**/b", "/a*",  "/a/b/**", "/c/*/d"};
  const Strings kIds = {"spiffe://a/x", "spiffe://a/**", "spiffe://a/x/y", "spiffe://*/x",
                        "spiffe://b/*"};
  std::mt19937 random_;
};

TEST(RuleIndexTest, NeverChangesADecision) {
  RandomPolicies make(1);  // the same policies in every run
  size_t denied = 0;
  for (int round = 0; round < 3000; ++round) {
    const config::Policy config = make.MakePolicy();
    const auto policy = std::make_shared<const Policy>(config);
    const identity::PeerIdentity peer = make.MakePeer();
    ConnectionView view;
    view.Refresh(policy, &peer);
    for (const char* path : {"/", "/a", "/a/b", "/a/b/c", "/b", "/c/x/d", "*"}) {
      for (const char* method : {"GET", "POST"}) {
        const Decision got = policy->Decide({view, method, path});
        const Decision want = Plainly(config, ClientFacts(peer), method, path);
        ASSERT_EQ(got.rule, want.rule) << "round " << round << " " << method << " " << path;
        ASSERT_EQ(got.permit, want.permit);
        denied += got.permit ? 0 : 1;
      }
    }
  }
  EXPECT_GT(denied, 1000u);
}

TEST(RuleIndexTest, AConnectionIsPermittedOnlyIfEachRequestOnItWouldBe) {
  RandomPolicies make(3);
  size_t permitted = 0;
  for (int round = 0; round < 5000; ++round) {
    const auto policy = std::make_shared<const Policy>(make.MakePolicy());
    const identity::PeerIdentity peer = make.MakePeer();
    ConnectionView view;
    view.Refresh(policy, &peer);
    if (!policy->Decide(ConnectionFacts{view}).permit) continue;
    ++permitted;
    for (const char* path : {"/", "/a", "/a/b", "/a/b/c", "/b", "/c/x/d", "*"}) {
      for (const char* method : {"GET", "POST"}) {
        ASSERT_TRUE(policy->Decide({view, method, path}).permit) << "round " << round << path;
      }
    }
  }
  EXPECT_GT(permitted, 500u);
}

TEST(RuleIndexTest, WhatIsKnownBeforeTheRequestIsTrueOfIt) {
  RandomPolicies make(2);
  size_t known = 0;
  for (int round = 0; round < 20000; ++round) {
    const CompiledMatch match(make.MakeMatch(3));
    const identity::PeerIdentity peer = make.MakePeer();
    const ClientFacts client(peer);
    const Answer before = match.HoldsFor(client);
    if (before == Answer::kMaybe) continue;
    ++known;
    for (const char* path : {"/", "/a/b", "/c/x/d"}) {
      ASSERT_EQ(match.Holds(client, "GET", path), before == Answer::kYes);
    }
  }
  EXPECT_GT(known, 5000u);
}

TEST(RuleIndexTest, EvaluatesOnlyRulesThatTheIndexReturns) {
  std::vector<CompiledMatch> matches;
  for (int i = 0; i < 1000; ++i) {
    config::Match match;
    match.spiffe_id = {"spiffe://example.org/svc/" + std::to_string(i)};
    match.path = {"/api/**"};
    matches.emplace_back(match);
  }
  for (int i = 0; i < 1000; ++i) {
    config::Match match;
    match.spiffe_id = {"spiffe://example.org/**"};
    match.path = {"/svc-" + std::to_string(i) + "/**"};
    matches.emplace_back(match);
  }
  std::vector<const CompiledMatch*> pointers;
  for (const CompiledMatch& match : matches) pointers.push_back(&match);
  const RuleIndex index(pointers);
  EXPECT_TRUE(index.always().empty());
  identity::PeerIdentity peer;
  peer.verification = identity::Verification::kSuccess;
  EditCertificate(peer).spiffe_id = "spiffe://example.org/svc/7";
  EXPECT_EQ(index.ForClient(ClientFacts(peer)), RuleNumbers{7});
  std::array<absl::Span<const uint32_t>, RuleIndex::kMaxLists> lists;
  ASSERT_EQ(index.ForPath("/svc-9/x", lists), 1u);
  EXPECT_EQ(lists[0].size(), 1u);
  EXPECT_EQ(lists[0][0], 1009u);
  EXPECT_EQ(index.ForPath("/api/x", lists), 0u);
}

TEST(RuleIndexTest, AcceptsPathsDeeperThanItsIndex) {
  config::Policy config;
  config.default_allow = true;
  config::Match match;
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "/a";
  match.path = {deep + "/**"};
  config.rules = {RuleOf(match)};
  const auto policy = std::make_shared<const Policy>(config);
  ConnectionView view;
  view.Refresh(policy, nullptr);
  EXPECT_FALSE(policy->Decide({view, "GET", deep + "/b"}).permit);
  EXPECT_TRUE(policy->Decide({view, "GET", deep + "b"}).permit);
}

}  // namespace
}  // namespace mantlet::policy
