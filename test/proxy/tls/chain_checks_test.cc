// What every certificate of a path must satisfy (RFC 5280, 6.1), one test each.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proxy/tls/chain_verifier.h"
#include "proxy/tls/der_writer.h"
#include "test/proxy/tls/pki.h"

namespace mantlet::tls {
namespace {

using testing::HasSubstr;

VerifyResult Verify(const std::vector<Credential>& anchors,
                    const std::vector<const Credential*>& chain,
                    ChainVerifier::Options options = {}, int64_t now = kNow) {
  return ChainVerifier(Trust(anchors), std::move(options)).Verify(Chain(chain), now);
}

// The verdict on a leaf of ours.
std::string VerdictOn(const CertificateTemplate& what, ChainVerifier::Options options = {}) {
  const Credential leaf = MakeCredential(what, &Root());
  return std::string(Verify({Root()}, {&leaf}, std::move(options)).reason());
}

// The verdict on a good leaf below such an intermediate.
std::string VerdictBelow(const CertificateTemplate& what, ChainVerifier::Options options = {}) {
  const Credential ca = MakeCredential(what, &Root());
  const Credential leaf = MakeCredential(ClientTemplate("client"), &ca);
  return std::string(Verify({Root()}, {&leaf, &ca}, std::move(options)).reason());
}

// And below such an anchor.
std::string VerdictUnder(const CertificateTemplate& what) {
  const Credential anchor = MakeCredential(what, nullptr);
  const Credential leaf = MakeCredential(ClientTemplate("client"), &anchor);
  return std::string(Verify({anchor}, {&leaf}).reason());
}

CertificateTemplate::RawExtension UnknownCritical() {
  return {"1.2.3.4.5", true, std::string("\x05\x00", 2)};
}

TEST(ChainChecks, BothEndsOfTheValidityBelongToIt) {
  CertificateTemplate what = ClientTemplate("client");
  what.not_before = kNow;
  what.not_after = kNow;
  EXPECT_EQ(VerdictOn(what), "");
  what.not_before = kNow + 1;
  what.not_after = kNow + 2;
  EXPECT_EQ(VerdictOn(what), "not_yet_valid");
  what.not_before = kNow - 2;
  what.not_after = kNow - 1;
  EXPECT_EQ(VerdictOn(what), "expired");
}

TEST(ChainChecks, AnExpiredAnchorIsNone) {
  CertificateTemplate what = CaTemplate("root");
  what.not_after = kNow - 1;
  EXPECT_EQ(VerdictUnder(what), "expired");
}

TEST(ChainChecks, ALeafMustBeAllowedToSignAHandshake) {
  CertificateTemplate what = ClientTemplate("client");
  for (const char* usage : {"keyEncipherment", "keyAgreement", "contentCommitment"}) {
    what.key_usage = {usage};
    EXPECT_EQ(VerdictOn(what), "wrong_purpose") << usage;
  }
  what.key_usage = {"digitalSignature", "keyEncipherment"};
  EXPECT_EQ(VerdictOn(what), "");
  what.no_key_usage = true;
  EXPECT_EQ(VerdictOn(what), "");
}

TEST(ChainChecks, AnyExtendedKeyUsageCountsOnlyByOption) {
  ChainVerifier::Options any;
  any.any_extended_key_usage = true;
  CertificateTemplate leaf = ClientTemplate("client"), ca = CaTemplate("ca");
  leaf.extended_key_usage = {"2.5.29.37.0"};
  ca.extended_key_usage = {"2.5.29.37.0"};
  EXPECT_EQ(VerdictOn(leaf), "wrong_purpose");
  EXPECT_EQ(VerdictOn(leaf, any), "");
  EXPECT_EQ(VerdictBelow(ca), "wrong_purpose");
  EXPECT_EQ(VerdictBelow(ca, any), "");
  leaf.extended_key_usage = {"serverAuth", "codeSigning"};
  EXPECT_EQ(VerdictOn(leaf, any), "wrong_purpose");
}

TEST(ChainChecks, ACertificateForServersLetsAClientInOnlyByOption) {
  ChainVerifier::Options option;
  option.server_auth_clients = true;
  CertificateTemplate leaf = ClientTemplate("client");
  leaf.extended_key_usage = {"serverAuth"};
  EXPECT_EQ(VerdictOn(leaf), "wrong_purpose");
  EXPECT_EQ(VerdictOn(leaf, option), "");
  for (const std::vector<std::string>& usages : {std::vector<std::string>{"2.5.29.37.0"},
                                                 {"serverAuth", "codeSigning"},
                                                 {"serverAuth", "2.5.29.37.0"},
                                                 {"serverAuth", "1.3.6.1.5.5.7.3.17"},
                                                 {"codeSigning"}}) {
    leaf.extended_key_usage = usages;
    EXPECT_EQ(VerdictOn(leaf, option), "wrong_purpose") << usages[0];
  }
  leaf.extended_key_usage = {"serverAuth"};
  leaf.key_usage = {"keyEncipherment"};
  EXPECT_EQ(VerdictOn(leaf, option), "wrong_purpose");
  leaf.key_usage = {"digitalSignature"};
  leaf.not_after = kNow - 1;
  EXPECT_EQ(VerdictOn(leaf, option), "expired");
}

// One purpose along the path: neither gains anything from the other's CA.
TEST(ChainChecks, TheCasOfAClientAreGoodForItsPurpose) {
  ChainVerifier::Options option;
  option.server_auth_clients = true;
  const auto verdict = [&](std::vector<std::string> of_ca, std::vector<std::string> of_leaf) {
    CertificateTemplate ca = CaTemplate("ca"), leaf = ClientTemplate("client");
    ca.extended_key_usage = std::move(of_ca);
    leaf.extended_key_usage = std::move(of_leaf);
    const Credential issuer = MakeCredential(ca, &Root());
    const Credential client = MakeCredential(leaf, &issuer);
    return std::string(Verify({Root()}, {&client, &issuer}, option).reason());
  };
  EXPECT_EQ(verdict({"serverAuth"}, {"serverAuth"}), "");
  EXPECT_EQ(verdict({"serverAuth", "clientAuth"}, {"serverAuth"}), "");
  EXPECT_EQ(verdict({"clientAuth"}, {"serverAuth"}), "wrong_purpose");
  EXPECT_EQ(verdict({"serverAuth"}, {"clientAuth"}), "wrong_purpose");
  EXPECT_EQ(verdict({"serverAuth"}, {"serverAuth", "clientAuth"}), "wrong_purpose");
  EXPECT_EQ(verdict({"clientAuth"}, {"clientAuth"}), "");
}

TEST(ChainChecks, TheOptionForServersIsPartOfTheId) {
  ChainVerifier::Options option;
  const std::string without = ChainVerifier(Trust({Root()}), option).id();
  option.server_auth_clients = true;
  EXPECT_NE(ChainVerifier(Trust({Root()}), option).id(), without);
}

TEST(ChainChecks, ARefusalForItsUsageSaysWhatIsThereAndWhatIsWanted) {
  CertificateTemplate what = ClientTemplate("client");
  what.extended_key_usage = {"serverAuth"};
  const auto detail = [&] {
    const Credential leaf = MakeCredential(what, &Root());
    return Verify({Root()}, {&leaf}).detail;
  };
  EXPECT_THAT(detail(), HasSubstr("its extended key usage is serverAuth; clientAuth is wanted "
                                  "here (client_auth.server_auth_clients"));
  what.extended_key_usage = {"codeSigning", "1.2.3.4"};
  EXPECT_EQ(detail(),
            "the certificate: its extended key usage is codeSigning, 1.2.3.4; clientAuth "
            "is wanted here");
  what = ClientTemplate("client");
  what.key_usage = {"keyEncipherment", "dataEncipherment"};
  EXPECT_EQ(detail(),
            "the certificate: its key usage (keyEncipherment, dataEncipherment) does not "
            "allow signatures; digitalSignature is wanted here");
}

TEST(ChainChecks, AnEmptyExtendedKeyUsageAllowsNothing) {
  CertificateTemplate what = ClientTemplate("client");
  what.extended_key_usage = {};
  what.raw_extensions = {{"2.5.29.37", false, der::Element(der::kSequence, "")}};
  EXPECT_NE(VerdictOn(what), "");
}

TEST(ChainChecks, AnAnchorsExtendedKeyUsageConstrainsToo) {
  CertificateTemplate what = CaTemplate("root");
  what.extended_key_usage = {"serverAuth"};
  EXPECT_EQ(VerdictUnder(what), "wrong_purpose");
}

TEST(ChainChecks, ACaMustSayThatItIsOne) {
  CertificateTemplate what = CaTemplate("ca");
  what.basic_constraints = false;
  EXPECT_EQ(VerdictBelow(what), "wrong_purpose");
  EXPECT_EQ(VerdictUnder(what), "wrong_purpose");
  what = CaTemplate("ca");
  what.ca = false;
  what.key_usage = {"keyCertSign"};
  EXPECT_EQ(VerdictBelow(what), "wrong_purpose");
}

TEST(ChainChecks, ACaMustBeAllowedToSignCertificates) {
  CertificateTemplate what = CaTemplate("ca");
  what.key_usage = {"cRLSign"};
  EXPECT_EQ(VerdictBelow(what), "wrong_purpose");
  EXPECT_EQ(VerdictUnder(what), "wrong_purpose");
  what.no_key_usage = true;
  EXPECT_EQ(VerdictBelow(what), "");
  EXPECT_EQ(VerdictUnder(what), "");
}

TEST(ChainChecks, ACaMustHaveAName) {
  CertificateTemplate what = CaTemplate("");
  what.subject = {};
  what.san.dns = {"ca.example"};
  EXPECT_EQ(VerdictBelow(what), "invalid_certificate");
  EXPECT_EQ(VerdictUnder(what), "invalid_certificate");
}

TEST(ChainChecks, AnAnchorsPathLengthHoldsToo) {
  CertificateTemplate what = CaTemplate("root");
  what.path_length = 0;
  const Credential root = MakeCredential(what, nullptr);
  const Credential ca = MakeCredential(CaTemplate("ca"), &root);
  const Credential below = MakeCredential(ClientTemplate("client"), &ca);
  const Credential direct = MakeCredential(ClientTemplate("client"), &root);
  EXPECT_EQ(Verify({root}, {&below, &ca}).reason(), "path_too_long");
  EXPECT_TRUE(Verify({root}, {&direct}).ok());
}

TEST(ChainChecks, AnUnknownCriticalExtensionEndsAPathWhereverItStands) {
  CertificateTemplate ca = CaTemplate("ca");
  ca.raw_extensions = {UnknownCritical()};
  EXPECT_EQ(VerdictBelow(ca), "invalid_certificate");
  EXPECT_EQ(VerdictUnder(ca), "invalid_certificate");
  ca.raw_extensions[0].critical = false;
  EXPECT_EQ(VerdictBelow(ca), "");
}

TEST(ChainChecks, AnUnknownCriticalExtensionOfAStrangerDoesNotMatter) {
  CertificateTemplate what = CaTemplate("stranger");
  what.raw_extensions = {UnknownCritical()};
  const Credential stranger = MakeCredential(what, nullptr);
  const Credential leaf = MakeCredential(ClientTemplate("client"), &Root());
  EXPECT_TRUE(Verify({Root(), stranger}, {&leaf, &stranger}).ok());
}

TEST(ChainChecks, AnExtensionMustNotStandThereTwice) {
  CertificateTemplate what = ClientTemplate("client");
  what.raw_extensions = {{"1.2.3.4", false, "a"}, {"1.2.3.4", false, "b"}};
  const Credential leaf = MakeCredential(what, &Root());
  const VerifyResult result = Verify({Root()}, {&leaf});
  EXPECT_EQ(result.reason(), "invalid_certificate");
  EXPECT_THAT(result.detail, HasSubstr("twice"));
}

TEST(ChainChecks, MalformedNameConstraintsAreANameConstraintThatFails) {
  CertificateTemplate ca = CaTemplate("ca");
  ca.raw_extensions = {{"2.5.29.30", true, der::Element(der::kSequence, "")}};
  EXPECT_EQ(VerdictBelow(ca), "name_constraint");
}

TEST(ChainChecks, NameConstraintsHoldForTheCasBelowThemToo) {
  CertificateTemplate top = CaTemplate("top");
  top.permitted_dns = {"good.example"};
  CertificateTemplate middle = CaTemplate("middle");
  middle.san.dns = {"bad.example"};
  const Credential upper = MakeCredential(top, &Root());
  const Credential lower = MakeCredential(middle, &upper);
  const Credential leaf = MakeCredential(ClientTemplate("client"), &lower);
  const VerifyResult result = Verify({Root()}, {&leaf, &lower, &upper});
  EXPECT_EQ(result.reason(), "name_constraint");
  EXPECT_EQ(result.depth, 1);
}

TEST(ChainChecks, NameConstraintsOfTheAnchorHold) {
  CertificateTemplate what = CaTemplate("root");
  what.excluded_dns = {"bad.example"};
  const Credential root = MakeCredential(what, nullptr);
  CertificateTemplate bad = ClientTemplate("client");
  bad.san.dns = {"a.bad.example"};
  const Credential leaf = MakeCredential(bad, &root);
  EXPECT_EQ(Verify({root}, {&leaf}).reason(), "name_constraint");
}

TEST(ChainChecks, ARequiredPolicyThatIsMissingEndsThePath) {
  const std::string policy =
      der::Element(der::kSequence, der::Element(der::kSequence, der::Element(0x06, "\x2a\x03")));
  CertificateTemplate ca = CaTemplate("ca");
  ca.raw_extensions = {
      {"2.5.29.32", false, policy},
      {"2.5.29.36", true, der::Element(der::kSequence, der::Element(0x80, std::string(1, '\0')))}};
  const Credential issuer = MakeCredential(ca, &Root());
  CertificateTemplate what = ClientTemplate("client");
  const Credential without = MakeCredential(what, &issuer);
  EXPECT_EQ(Verify({Root()}, {&without, &issuer}).reason(), "invalid_certificate");
  what.raw_extensions = {{"2.5.29.32", false, policy}};
  const Credential with = MakeCredential(what, &issuer);
  EXPECT_TRUE(Verify({Root()}, {&with, &issuer}).ok());
}

TEST(ChainChecks, ForAServerOtherUsagesCount) {
  ChainVerifier::Options server;
  server.purpose = ChainVerifier::Purpose::kServerAuth;
  const Credential leaf = MakeCredential(ServerTemplate("server", {"a.example"}), &Root());
  EXPECT_TRUE(Verify({Root()}, {&leaf}, server).ok());
  EXPECT_EQ(VerdictOn(ClientTemplate("client"), server), "wrong_purpose");
}

TEST(ChainChecks, OfVersion1OnlyARootThatIsTrustedIsACa) {
  CertificateTemplate what = CaTemplate("old");
  what.version1 = true;
  const Credential root = MakeCredential(what, nullptr);
  const Credential leaf = MakeCredential(ClientTemplate("client"), &root);
  EXPECT_TRUE(Verify({root}, {&leaf}).ok());
  EXPECT_FALSE(Verify({Root()}, {&leaf, &root}).ok());
  const Credential within = MakeCredential(what, &Root());
  const Credential below = MakeCredential(ClientTemplate("client"), &within);
  EXPECT_EQ(Verify({Root()}, {&below, &within}).reason(), "wrong_purpose");
  EXPECT_FALSE(Verify({Root(), within}, {&below}).ok());
  ChainVerifier::Options partial;
  partial.partial_chain = true;
  EXPECT_FALSE(Verify({within}, {&below}, partial).ok());
}

}  // namespace
}  // namespace mantlet::tls
