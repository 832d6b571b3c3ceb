#include "certs/policy_names_check.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mantlet::certs {
namespace {

// Returns the diagnostics for a rule with this `sni` and certificates with these names.
config::Diagnostics SaidOf(const std::string& sni, const std::vector<std::string>& names,
                           bool strict = false) {
  config::Listener listener;
  listener.tls.strict_sni = strict;
  config::Rule& rule = listener.policy.rules.emplace_back();
  rule.match.not_.emplace_back().sni = {sni};
  rule.match.not_[0].where = {"m.yaml", 7, 9};
  ListenerMaterial material;
  material.certificates.resize(2);
  material.certificates[1].names = names;
  config::Diagnostics diagnostics;
  DiagnosticSink sink("public", &diagnostics);
  CheckPolicyNames(listener, material, &sink);
  return diagnostics;
}

TEST(PolicyNamesCheckTest, IsSilentAboutNamesThatACertificateCovers) {
  EXPECT_TRUE(SaidOf("a.example", {"a.example"}).empty());
  EXPECT_TRUE(SaidOf("a.example", {"b.example", "*.example"}).empty());
  EXPECT_TRUE(SaidOf("*.example", {"a.example"}).empty());
  EXPECT_TRUE(SaidOf("*.example", {"*.example"}).empty());
}

TEST(PolicyNamesCheckTest, NamesThePlaceOfOneThatNoneCovers) {
  for (const char* name : {"b.example", "*.a.example", "not a name", "*.other"}) {
    const config::Diagnostics diagnostics = SaidOf("a.example", {name});
    ASSERT_EQ(diagnostics.size(), 1u) << name;
    EXPECT_EQ(diagnostics[0].severity, config::Severity::kWarning);
    EXPECT_EQ(config::Sentence(diagnostics[0]),
              "m.yaml:7:9: sni 'a.example' is in no certificate of the listener, so no client that "
              "verifies names uses it; add a certificate for it, or correct the name");
  }
  EXPECT_NE(SaidOf("a", {}, true)[0].what.find("no connection can use it"), std::string::npos);
}

}  // namespace
}  // namespace mantlet::certs
