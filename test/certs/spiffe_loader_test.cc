#include "certs/spiffe_loader.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "certs/generation_loader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/certs/bundle_json.h"
#include "test/certs/material_helper.h"

namespace mantlet::certs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using x509::kNow;

constexpr char kOrg[] = "/spiffe/org.json";
constexpr char kCom[] = "/spiffe/com.pem";
constexpr char kMap[] = "/spiffe/map.json";

const x509::Credential& OrgCa() {
  static const auto* ca = [] {
    x509::CertificateTemplate what = x509::CaTemplate("org");
    what.san.uri = {"spiffe://example.org"};
    return new x509::Credential(x509::MakeCredential(what, nullptr));
  }();
  return *ca;
}
const x509::Credential& ComCa() {
  static const auto* ca =
      new x509::Credential(x509::MakeCredential(x509::CaTemplate("com"), nullptr));
  return *ca;
}

// A listener with two trust domains, one in JSON and one in PEM, and no trust bundle.
class SpiffeLoaderTest : public testing::Test {
 protected:
  SpiffeLoaderTest() : config_(OneListener()), files_(GoodFiles()) {
    client_auth().trust_bundle.clear();
    client_auth().spiffe.trust_domains = {{"example.org", {kOrg}, {}}, {"example.com", {kCom}, {}}};
    files_.Put(kOrg, KeysJson({KeyJson(*OrgCa().certificate)}));
    files_.Put(kCom, ComCa().certificate->ToPem());
  }

  config::ClientAuth& client_auth() { return config_.listeners[0].client_auth; }

  BuildResult Build() {
    auto images = GenerationLoader::ReadAll(config_, files_);
    EXPECT_TRUE(images.ok()) << images.status();
    return BuildGeneration(config_, *images, kNow);
  }
  // Returns the listener's material; fails the test if there is none.
  ListenerMaterial Listener() {
    BuildResult result = Build();
    EXPECT_NE(result.generation, nullptr) << config::JoinErrors(result.diagnostics);
    return result.partial.listeners[0];
  }
  // Returns "DOMAIN: SUBJECT SUBJECT" for each domain.
  std::vector<std::string> Domains() {
    std::vector<std::string> lines;
    for (const SpiffeDomain& domain : Listener().spiffe) {
      std::string line = domain.name + ":";
      if (domain.trust != nullptr) {
        for (const auto& anchor : domain.trust->anchors()) line += " " + anchor->subject();
      }
      lines.push_back(line);
    }
    return lines;
  }
  std::vector<std::string> Codes() {
    std::vector<std::string> codes;
    for (const config::Diagnostic& diagnostic : Build().diagnostics)
      codes.push_back(diagnostic.code);
    return codes;
  }

  config::Config config_;
  MemoryFileReader files_;
};

TEST_F(SpiffeLoaderTest, LoadsEachTrustDomainWithItsAuthorities) {
  EXPECT_THAT(Domains(), ElementsAre("example.com: CN=com", "example.org: CN=org"));
  const ListenerMaterial listener = Listener();
  EXPECT_EQ(listener.trust, nullptr);
  ASSERT_EQ(listener.anchors.size(), 2u);
  EXPECT_EQ(listener.anchors[0].file, kCom);
  EXPECT_EQ(listener.anchors[0].trust_domain, "example.com");
  EXPECT_EQ(listener.anchors[1].file, kOrg);
  EXPECT_EQ(listener.anchors[1].trust_domain, "example.org");
}

TEST_F(SpiffeLoaderTest, WatchesItsFiles) {
  client_auth().spiffe.bundle_map = kMap;
  EXPECT_THAT(MaterialFiles(config_), ElementsAre(kChain, kKey, kOrg, kCom, kMap));
  client_auth().mode = config::ClientAuthMode::kNone;
  EXPECT_THAT(MaterialFiles(config_), ElementsAre(kChain, kKey));
}

TEST_F(SpiffeLoaderTest, TrustBundleAndTrustDomainsStandSideBySide) {
  client_auth().trust_bundle = {config::TrustFile{kCa, ""}};
  const ListenerMaterial listener = Listener();
  ASSERT_NE(listener.trust, nullptr);
  ASSERT_EQ(listener.trust->anchors().size(), 1u);
  EXPECT_EQ(listener.trust->anchors()[0]->subject(), "CN=root");
  EXPECT_EQ(listener.anchors.size(), 3u);
  EXPECT_EQ(listener.anchors[0].trust_domain, "");
}

TEST_F(SpiffeLoaderTest, AFileMayBeDer) {
  files_.Put(kCom, ComCa().certificate->der());
  EXPECT_THAT(Domains(), ElementsAre("example.com: CN=com", "example.org: CN=org"));
}

TEST_F(SpiffeLoaderTest, SeveralFilesMakeOneBundle) {
  client_auth().spiffe.trust_domains = {{"example.org", {kOrg, kCom}, {}}};
  const ListenerMaterial listener = Listener();
  ASSERT_EQ(listener.spiffe.size(), 1u);
  EXPECT_EQ(listener.spiffe[0].trust->anchors().size(), 2u);
}

TEST_F(SpiffeLoaderTest, ABundleMapHoldsTrustDomains) {
  client_auth().spiffe.trust_domains.clear();
  client_auth().spiffe.bundle_map = kMap;
  files_.Put(kMap, R"({"trust_domains":{"b.example":)" + KeysJson({KeyJson(*ComCa().certificate)}) +
                       R"(,"a.example":)" + KeysJson({KeyJson(*OrgCa().certificate)}) + "}}");
  EXPECT_THAT(Domains(), ElementsAre("a.example: CN=org", "b.example: CN=com"));
  EXPECT_EQ(Listener().anchors[0].file, kMap);
}

TEST_F(SpiffeLoaderTest, ATrustDomainIsNamedInOnePlaceOnly) {
  client_auth().spiffe.bundle_map = kMap;
  files_.Put(kMap, R"({"trust_domains":{"example.org":{"keys":[]}}})");
  EXPECT_THAT(Codes(), ElementsAre("spiffe_domain_twice"));
}

TEST_F(SpiffeLoaderTest, EmptyKeysLeaveTheDomainKnownAndEmpty) {
  files_.Put(kOrg, R"({"keys":[]})");
  EXPECT_THAT(Domains(), ElementsAre("example.com: CN=com", "example.org:"));
  EXPECT_THAT(Codes(), ElementsAre("spiffe_no_authority"));
  EXPECT_EQ(Listener().spiffe[1].trust, nullptr);
  files_.Put(kOrg, R"({"keys":[{"kty":"EC","use":"jwt-svid"}]})");
  EXPECT_THAT(Codes(), ElementsAre("spiffe_no_authority"));
}

TEST_F(SpiffeLoaderTest, WarnsOnceIfNoClientCanConnect) {
  files_.Put(kOrg, R"({"keys":[]})");
  files_.Put(kCom, R"({"keys":[]})");
  EXPECT_THAT(Codes(), ElementsAre("spiffe_no_authority", "spiffe_no_authority", "nobody_gets_in"));
  EXPECT_THAT(Build().diagnostics[2].what, HasSubstr("public rejects every client: "));
  client_auth().mode = config::ClientAuthMode::kOptional;
  EXPECT_THAT(Build().diagnostics[2].what, HasSubstr("every client with a certificate: "));
  client_auth().trust_bundle = {config::TrustFile{kCa, ""}};
  EXPECT_THAT(Codes(), ElementsAre("spiffe_no_authority", "spiffe_no_authority"));
}

TEST_F(SpiffeLoaderTest, ABundleMapWithoutTrustDomainsIsWorthAWarning) {
  client_auth().spiffe.bundle_map = kMap;
  files_.Put(kMap, R"({"trust_domains":{}})");
  EXPECT_THAT(Codes(), ElementsAre("spiffe_no_trust_domain"));
  client_auth().spiffe.trust_domains.clear();
  EXPECT_THAT(Codes(), ElementsAre("spiffe_no_trust_domain", "nobody_gets_in"));
}

TEST_F(SpiffeLoaderTest, ReportsOneErrorForAnUnusableBundle) {
  client_auth().spiffe.trust_domains.pop_back();
  for (const std::string& bytes :
       {std::string("{"), std::string("{}"), std::string("no PEM"), Server().certificate->ToPem(),
        KeysJson({KeyJson(*Server().certificate)})}) {
    files_.Put(kOrg, bytes);
    EXPECT_THAT(Codes(), testing::SizeIs(1)) << bytes;
  }
  files_.Remove(kOrg);
  EXPECT_THAT(Codes(), ElementsAre("unreadable"));
}

TEST_F(SpiffeLoaderTest, ATornOrDamagedFileRejectsTheGeneration) {
  const std::string whole = KeysJson({KeyJson(*OrgCa().certificate)});
  for (const std::string& bytes : {std::string(), whole.substr(0, whole.size() / 2), whole + "x",
                                   std::string("{}"), std::string("[]"), std::string("garbage")}) {
    files_.Put(kOrg, bytes);
    const BuildResult result = Build();
    EXPECT_EQ(result.generation, nullptr) << bytes;
    ASSERT_FALSE(result.diagnostics.empty());
    EXPECT_EQ(result.diagnostics[0].code, "unparsable");
    EXPECT_EQ(result.diagnostics[0].where.file, kOrg);
  }
  files_.Remove(kOrg);
  EXPECT_EQ(Build().generation, nullptr);
}

TEST_F(SpiffeLoaderTest, AnAuthorityIsACa) {
  files_.Put(kOrg, KeysJson({KeyJson(*Server().certificate)}));
  const BuildResult result = Build();
  EXPECT_EQ(result.generation, nullptr);
  EXPECT_EQ(result.diagnostics[0].code, "leaf_as_ca");
  EXPECT_THAT(result.diagnostics[0].what, HasSubstr("trust domain example.org, keys[0]: "));
}

TEST_F(SpiffeLoaderTest, AnAuthorityMayBeAnIntermediate) {
  files_.Put(kOrg, KeysJson({KeyJson(*x509::Intermediate().certificate)}));
  files_.Put(kCom, x509::Intermediate().certificate->ToPem());
  EXPECT_THAT(Codes(), IsEmpty());
}

TEST_F(SpiffeLoaderTest, AnAuthorityWithTheIdOfAnotherDomainIsWorthAWarning) {
  files_.Put(kCom, OrgCa().certificate->ToPem());
  EXPECT_THAT(Codes(), ElementsAre("spiffe_foreign_authority"));
  EXPECT_NE(Build().generation, nullptr);
}

TEST_F(SpiffeLoaderTest, ABundleIsNoTrustBundle) {
  client_auth().trust_bundle = {config::TrustFile{kOrg, ""}};
  const BuildResult result = Build();
  EXPECT_EQ(result.generation, nullptr);
  EXPECT_EQ(result.diagnostics[0].hint, "name it under client_auth.spiffe.trust_domains");
}

TEST_F(SpiffeLoaderTest, TheIdCoversDomainsAndAuthoritiesButNotTheirOrder) {
  const std::string before = Listener().id;
  std::swap(client_auth().spiffe.trust_domains[0], client_auth().spiffe.trust_domains[1]);
  EXPECT_EQ(Listener().id, before);
  const std::string a = KeyJson(*OrgCa().certificate), b = KeyJson(*x509::Root().certificate);
  files_.Put(kOrg, KeysJson({a, b}));
  const std::string both = Listener().id;
  EXPECT_NE(both, before);
  files_.Put(kOrg, R"({"spiffe_sequence":7,"spiffe_refresh_hint":5,)" +
                       KeysJson({b, R"({"kty":"EC","use":"jwt-svid"})", a}).substr(1));
  EXPECT_EQ(Listener().id, both);
  files_.Put(kOrg, R"({"keys":[]})");
  const std::string empty = Listener().id;
  EXPECT_NE(empty, before);
  client_auth().spiffe.trust_domains.erase(client_auth().spiffe.trust_domains.begin() + 1);
  EXPECT_NE(Listener().id, empty);
  // The same authority for another domain is different trust.
  files_.Put(kOrg, ComCa().certificate->ToPem());
  client_auth().spiffe.trust_domains = {{"a.example", {kOrg}, {}}};
  const std::string as_a = Listener().id;
  client_auth().spiffe.trust_domains = {{"b.example", {kOrg}, {}}};
  EXPECT_NE(Listener().id, as_a);
}

TEST_F(SpiffeLoaderTest, ReportsASequenceThatFell) {
  const auto with_sequence = [&](const std::string& sequence) {
    files_.Put(kOrg, "{" + sequence + KeysJson({KeyJson(*OrgCa().certificate)}).substr(1));
    return Build().partial;
  };
  const Generation seven = with_sequence(R"("spiffe_sequence":7,)");
  EXPECT_THAT(SequenceRegressions(seven, with_sequence(R"("spiffe_sequence":8,)")), IsEmpty());
  EXPECT_THAT(SequenceRegressions(seven, with_sequence(R"("spiffe_sequence":7,)")), IsEmpty());
  EXPECT_THAT(SequenceRegressions(seven, with_sequence("")), IsEmpty());
  EXPECT_THAT(SequenceRegressions(with_sequence(""), seven), IsEmpty());
  EXPECT_THAT(
      SequenceRegressions(seven, with_sequence(R"("spiffe_sequence":6,)")),
      ElementsAre("listener public: the bundle of trust domain example.org has the "
                  "spiffe_sequence 6, lower than before (7); check that it is not an old bundle"));
  EXPECT_THAT(SequenceRegressions(Generation(), seven), IsEmpty());
}

// A trust bundle may contain a root of version 1; an authority must have basic constraints
// (X509-SVID, 4.1).
TEST_F(SpiffeLoaderTest, AnAuthorityIsNeverOfVersion1) {
  x509::CertificateTemplate what = x509::CaTemplate("com");
  what.version1 = true;
  const x509::Credential root = x509::MakeCredential(what, nullptr);
  files_.Put(kCom, root.certificate->ToPem());
  EXPECT_THAT(config::JoinErrors(Build().diagnostics), HasSubstr("is not a CA certificate"));
  files_.Put(kCom, ComCa().certificate->ToPem());
  files_.Put(kOrg, KeysJson({KeyJson(*root.certificate)}));
  EXPECT_THAT(config::JoinErrors(Build().diagnostics), HasSubstr("is not a CA certificate"));
}

}  // namespace
}  // namespace mantlet::certs
