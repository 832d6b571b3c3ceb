#include "proxy/verify/client_verifier.h"

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::verify {
namespace {

using base::HandshakeFailure;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

std::shared_ptr<const ChainVerifier> By(const std::vector<x509::Credential>& anchors,
                                        int max_depth = 4) {
  ChainVerifier::Options options;
  options.max_depth = max_depth;
  return std::make_shared<const ChainVerifier>(x509::Trust(anchors), options);
}

x509::Credential Ca(const std::string& cn, const std::vector<std::string>& uris = {},
                    const x509::Credential* issuer = nullptr) {
  x509::CertificateTemplate what = x509::CaTemplate(cn);
  what.san.uri = uris;
  return x509::MakeCredential(what, issuer);
}

// The authorities of two trust domains, created once.
const x509::Credential& OrgCa() {
  static const auto* ca = new x509::Credential(Ca("org", {"spiffe://example.org"}));
  return *ca;
}
const x509::Credential& ComCa() {
  static const auto* ca = new x509::Credential(Ca("com", {"spiffe://example.com"}));
  return *ca;
}

x509::CertificateTemplate SvidTemplate(const std::string& id) {
  x509::CertificateTemplate what = x509::ClientTemplate("workload");
  what.san.uri = {id};
  what.extended_key_usage = {"serverAuth", "clientAuth"};
  return what;
}

x509::Credential Svid(const std::string& id, const x509::Credential& issuer) {
  return x509::MakeCredential(SvidTemplate(id), &issuer);
}

// example.org and example.com with a CA each, empty.example without any.
ClientVerifier::TrustDomains TwoDomains() {
  return {
      {"example.org", By({OrgCa()})}, {"example.com", By({ComCa()})}, {"empty.example", nullptr}};
}

VerifyResult Verify(const ClientVerifier::Options& options,
                    const std::vector<const x509::Credential*>& credentials) {
  const std::vector<std::string_view> ders = x509::Chain(credentials);
  absl::StatusOr<PresentedChain> chain = PresentedChain::Parse(ders);
  EXPECT_TRUE(chain.ok()) << chain.status();
  return ClientVerifier(options).Verify(*chain, x509::kNow);
}

class SpiffeTest : public testing::Test {
 protected:
  SpiffeTest() { options_.spiffe = TwoDomains(); }

  ClientVerifier::Options options_;
};

TEST_F(SpiffeTest, AnSvidIsVerifiedByTheBundleOfItsTrustDomain) {
  const x509::Credential org = Svid("spiffe://example.org/web", OrgCa());
  const x509::Credential com = Svid("spiffe://example.com/web", ComCa());
  EXPECT_TRUE(Verify(options_, {&org}).ok());
  EXPECT_TRUE(Verify(options_, {&com}).ok());
  EXPECT_EQ(Verify(options_, {&org}).valid_until, org.certificate->not_after() + 1);
}

TEST_F(SpiffeTest, NoCaCanIssueIdsOfAnotherTrustDomain) {
  const x509::Credential forged = Svid("spiffe://example.org/admin", ComCa());
  const VerifyResult result = Verify(options_, {&forged, &ComCa()});
  EXPECT_EQ(result.failure, HandshakeFailure::kUnknownCa);
  EXPECT_THAT(result.detail, HasSubstr("trust domain example.org: "));
  EXPECT_EQ(result.issuer, "CN=com");
}

TEST_F(SpiffeTest, NotEvenWithTheNameOfTheOtherCa) {
  const x509::Credential twin = Ca("org", {"spiffe://example.org"});
  options_.spiffe->find("example.com")->second = By({ComCa(), twin});
  x509::CertificateTemplate what = SvidTemplate("spiffe://example.org/admin");
  what.no_authority_key_id = true;
  const x509::Credential forged = x509::MakeCredential(what, &twin);
  EXPECT_EQ(Verify(options_, {&forged}).failure, HandshakeFailure::kBadSignature);
}

TEST_F(SpiffeTest, TheTrustBundleDoesNotVerifySvids) {
  options_.by_trust_bundle = By({x509::Root()});
  const x509::Credential svid = Svid("spiffe://example.org/web", x509::Root());
  EXPECT_EQ(Verify(options_, {&svid}).failure, HandshakeFailure::kUnknownCa);
  const x509::Credential stranger = Svid("spiffe://other.example/web", x509::Root());
  const VerifyResult result = Verify(options_, {&stranger});
  EXPECT_EQ(result.failure, HandshakeFailure::kUnknownCa);
  EXPECT_EQ(result.detail, "there is no bundle for its trust domain, other.example");
}

TEST_F(SpiffeTest, ABundleWithoutAuthoritiesRejectsItsTrustDomain) {
  const x509::Credential svid = Svid("spiffe://empty.example/web", OrgCa());
  const VerifyResult result = Verify(options_, {&svid});
  EXPECT_EQ(result.failure, HandshakeFailure::kUnknownCa);
  EXPECT_THAT(result.detail, HasSubstr("has no X.509 authority"));
}

TEST_F(SpiffeTest, ClientsWithoutAnIdAreVerifiedByTheTrustBundleOnly) {
  const x509::Credential plain = x509::MakeCredential(x509::ClientTemplate("alice"), &x509::Root());
  const x509::Credential by_org = x509::MakeCredential(x509::ClientTemplate("alice"), &OrgCa());
  EXPECT_EQ(Verify(options_, {&plain}).failure, HandshakeFailure::kSpiffeInvalid);
  options_.by_trust_bundle = By({x509::Root()});
  EXPECT_TRUE(Verify(options_, {&plain}).ok());
  EXPECT_EQ(Verify(options_, {&by_org}).failure, HandshakeFailure::kUnknownCa);
}

TEST_F(SpiffeTest, AMalformedClaimIsNeverLeftToTheTrustBundle) {
  options_.by_trust_bundle = By({x509::Root()});
  for (const std::vector<std::string>& uris : std::vector<std::vector<std::string>>{
           {"SPIFFE://example.org/web"},
           {"spiffe:x"},
           {"spiffe://example.org/web", "https://example.org/"},
           {"https://example.org/", "spiffe://example.org/web"}}) {
    x509::CertificateTemplate what = SvidTemplate("");
    what.san.uri = uris;
    const x509::Credential leaf = x509::MakeCredential(what, &x509::Root());
    EXPECT_EQ(Verify(options_, {&leaf}).failure, HandshakeFailure::kSpiffeInvalid) << uris[0];
  }
}

TEST_F(SpiffeTest, AViolationOfTheSvidRulesIsReported) {
  x509::CertificateTemplate what = SvidTemplate("spiffe://example.org/web");
  what.extended_key_usage = {"clientAuth"};
  const x509::Credential leaf = x509::MakeCredential(what, &OrgCa());
  const VerifyResult result = Verify(options_, {&leaf});
  EXPECT_EQ(result.failure, HandshakeFailure::kSpiffeInvalid);
  EXPECT_EQ(result.detail, "its extended key usage lacks serverAuth");
  EXPECT_EQ(result.depth, 0);
  EXPECT_EQ(result.serial, leaf.certificate->serial());
}

TEST_F(SpiffeTest, TheRulesOfSvidsDoNotBindOtherClients) {
  options_.by_trust_bundle = By({x509::Root()});
  x509::CertificateTemplate what = x509::ClientTemplate("alice");
  what.no_key_usage = true;
  what.san.uri = {"https://a/", "https://b/"};
  const x509::Credential leaf = x509::MakeCredential(what, &x509::Root());
  EXPECT_TRUE(Verify(options_, {&leaf}).ok());
}

TEST_F(SpiffeTest, IntermediatesOfTheTrustDomainAreAllowed) {
  const x509::Credential named = Ca("int", {"spiffe://example.org"}, &OrgCa());
  const x509::Credential unnamed = Ca("int 2", {}, &named);
  const x509::Credential svid = Svid("spiffe://example.org/web", unnamed);
  EXPECT_TRUE(Verify(options_, {&svid, &unnamed, &named}).ok());
}

TEST_F(SpiffeTest, ACaThatOurDomainCertifiedForAnotherDomainCannotIssueOurIds) {
  const x509::Credential other = Ca("other", {"spiffe://other.example"}, &OrgCa());
  const x509::Credential forged = Svid("spiffe://example.org/admin", other);
  const VerifyResult result = Verify(options_, {&forged, &other});
  EXPECT_EQ(result.failure, HandshakeFailure::kSpiffeInvalid);
  EXPECT_EQ(result.detail, "the CA has the SPIFFE ID of another trust domain, other.example");
  EXPECT_EQ(result.depth, 1);
  EXPECT_EQ(result.subject, "CN=other");
  // It cannot issue through its own CA either.
  const x509::Credential below = Ca("below", {}, &other);
  const x509::Credential again = Svid("spiffe://example.org/admin", below);
  EXPECT_EQ(Verify(options_, {&again, &below, &other}).failure, HandshakeFailure::kSpiffeInvalid);
}

TEST_F(SpiffeTest, AWorkloadsCaCannotIssue) {
  const x509::Credential ca = Ca("ca", {"spiffe://example.org/workload"}, &OrgCa());
  const x509::Credential svid = Svid("spiffe://example.org/web", ca);
  EXPECT_EQ(Verify(options_, {&svid, &ca}).failure, HandshakeFailure::kSpiffeInvalid);
}

TEST_F(SpiffeTest, UnrelatedPresentedCertificatesDoNoHarm) {
  const x509::Credential stranger = Ca("stranger", {"spiffe://other.example"});
  const x509::Credential between = Ca("int", {}, &OrgCa());
  const x509::Credential svid = Svid("spiffe://example.org/web", between);
  EXPECT_TRUE(Verify(options_, {&svid, &stranger, &between, &ComCa()}).ok());
  const x509::Credential forged = Svid("spiffe://example.org/web", stranger);
  EXPECT_EQ(Verify(options_, {&forged, &stranger}).failure, HandshakeFailure::kUnknownCa);
}

TEST_F(SpiffeTest, TheChainIsStillVerified) {
  x509::CertificateTemplate what = SvidTemplate("spiffe://example.org/web");
  what.not_after = x509::kNow - 1;
  const x509::Credential expired = x509::MakeCredential(what, &OrgCa());
  EXPECT_EQ(Verify(options_, {&expired}).failure, HandshakeFailure::kExpired);
  options_.spiffe->find("example.org")->second = By({OrgCa()}, 0);
  const x509::Credential between = Ca("int", {}, &OrgCa());
  const x509::Credential deep = Svid("spiffe://example.org/web", between);
  EXPECT_EQ(Verify(options_, {&deep, &between}).failure, HandshakeFailure::kPathTooLong);
}

TEST(ClientVerifier, WithoutSpiffeAnIdIsANameLikeOthers) {
  ClientVerifier::Options options;
  options.by_trust_bundle = By({x509::Root()});
  const x509::Credential leaf = x509::MakeCredential(SvidTemplate("SPIFFE://x"), &x509::Root());
  EXPECT_TRUE(Verify(options, {&leaf}).ok());
}

TEST(ClientVerifier, RejectsClientsThatNothingNames) {
  const x509::Credential leaf = x509::MakeCredential(x509::ClientTemplate("alice"), &x509::Root());
  EXPECT_FALSE(Verify({}, {&leaf}).ok());
  ClientVerifier::Options options;
  options.spiffe.emplace();
  const x509::Credential svid = Svid("spiffe://example.org/web", OrgCa());
  EXPECT_EQ(Verify(options, {&svid}).failure, HandshakeFailure::kUnknownCa);
}

TEST(SpkiPins, AcceptOnlyPinnedKeys) {
  ClientVerifier::Options options;
  options.by_trust_bundle = By({x509::Root()});
  const x509::Credential alice = x509::MakeCredential(x509::ClientTemplate("alice"), &x509::Root());
  const x509::Credential bob = x509::MakeCredential(x509::ClientTemplate("bob"), &x509::Root());
  options.spki_pins = {std::string(64, 'f'), alice.certificate->public_key().spki_sha256};
  EXPECT_TRUE(Verify(options, {&alice}).ok());
  const VerifyResult result = Verify(options, {&bob});
  EXPECT_EQ(result.failure, HandshakeFailure::kNotPinned);
  EXPECT_EQ(result.reason(), "not_pinned");
  EXPECT_THAT(result.detail, HasSubstr(bob.certificate->public_key().spki_sha256));
  EXPECT_EQ(result.subject, "CN=bob");
}

TEST(SpkiPins, AreRequiredInAdditionToTheChain) {
  ClientVerifier::Options options;
  options.by_trust_bundle = By({x509::Root()});
  const x509::Credential stranger = x509::MakeCredential(x509::ClientTemplate("alice"), nullptr);
  options.spki_pins = {stranger.certificate->public_key().spki_sha256};
  EXPECT_EQ(Verify(options, {&stranger}).failure, HandshakeFailure::kUnknownCa);
}

TEST(SpkiPins, AreOfTheLeafAndNotOfItsIssuers) {
  ClientVerifier::Options options;
  options.by_trust_bundle = By({x509::Root()});
  options.spki_pins = {x509::Intermediate().certificate->public_key().spki_sha256,
                       x509::Root().certificate->public_key().spki_sha256};
  const x509::Credential alice =
      x509::MakeCredential(x509::ClientTemplate("alice"), &x509::Intermediate());
  EXPECT_EQ(Verify(options, {&alice, &x509::Intermediate()}).failure, HandshakeFailure::kNotPinned);
}

TEST(SpkiPins, BindSvidsToo) {
  ClientVerifier::Options options;
  options.spiffe = TwoDomains();
  const x509::Credential web = Svid("spiffe://example.org/web", OrgCa());
  options.spki_pins = {std::string(64, '0')};
  EXPECT_EQ(Verify(options, {&web}).failure, HandshakeFailure::kNotPinned);
  options.spki_pins.push_back(web.certificate->public_key().spki_sha256);
  EXPECT_TRUE(Verify(options, {&web}).ok());
}

TEST(ClientVerifierId, ChangesWithEverythingThatDecides) {
  ClientVerifier::Options options;
  options.by_trust_bundle = By({x509::Root()});
  std::vector<std::string> ids;
  const auto keep = [&] { ids.push_back(ClientVerifier(options).id()); };
  keep();
  options.spiffe.emplace();
  keep();
  options.spiffe->emplace("a", By({OrgCa()}));
  keep();
  options.spiffe->emplace("b", nullptr);
  keep();
  options.spiffe->find("b")->second = By({OrgCa()});
  keep();
  options.spiffe->erase("a");
  keep();
  options.spki_pins = {"00"};
  keep();
  options.spki_pins = {"00", "11"};
  keep();
  options.by_trust_bundle = nullptr;
  keep();
  options.spiffe->find("b")->second = By({OrgCa()}, 1);
  keep();
  const std::set<std::string> distinct(ids.begin(), ids.end());
  EXPECT_EQ(distinct.size(), ids.size());
}

TEST(ClientVerifierId, DoesNotDependOnTheOrderOfPinsAndAnchors) {
  ClientVerifier::Options a, b;
  a.spki_pins = {"00", "11"};
  b.spki_pins = {"11", "00"};
  a.spiffe = {{"a", By({OrgCa(), ComCa()})}};
  b.spiffe = {{"a", By({ComCa(), OrgCa()})}};
  EXPECT_EQ(ClientVerifier(a).id(), ClientVerifier(b).id());
}

TEST(ClientVerifier, NamesTheAnchorsOfAllBundlesToTheClient) {
  ClientVerifier::Options options;
  options.by_trust_bundle = By({x509::Root(), OrgCa()});
  options.spiffe = TwoDomains();
  EXPECT_THAT(
      ClientVerifier(options).subject_names_der(),
      UnorderedElementsAre(x509::Root().certificate->subject_der(),
                           OrgCa().certificate->subject_der(), ComCa().certificate->subject_der()));
  options.spiffe.reset();
  options.by_trust_bundle = By({x509::Root()});
  EXPECT_THAT(ClientVerifier(options).subject_names_der(),
              ElementsAre(x509::Root().certificate->subject_der()));
}

}  // namespace
}  // namespace mantlet::verify
