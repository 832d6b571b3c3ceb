// Tests each requirement for the certificates of a path (RFC 5280, 6.1).

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proxy/verify/chain_verifier.h"
#include "proxy/x509/der_writer.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::verify {
namespace {

using testing::HasSubstr;

VerifyResult Verify(const std::vector<x509::Credential>& anchors,
                    const std::vector<const x509::Credential*>& chain,
                    ChainVerifier::Options options = {}, int64_t now = x509::kNow) {
  return ChainVerifier(x509::Trust(anchors), std::move(options)).Verify(x509::Chain(chain), now);
}

// Returns the verdict on a leaf that our root issued.
std::string VerdictOn(const x509::CertificateTemplate& what, ChainVerifier::Options options = {}) {
  const x509::Credential leaf = x509::MakeCredential(what, &x509::Root());
  return std::string(Verify({x509::Root()}, {&leaf}, std::move(options)).reason());
}

// Returns the verdict on a valid leaf below such an intermediate.
std::string VerdictBelow(const x509::CertificateTemplate& what,
                         ChainVerifier::Options options = {}) {
  const x509::Credential ca = x509::MakeCredential(what, &x509::Root());
  const x509::Credential leaf = x509::MakeCredential(x509::ClientTemplate("client"), &ca);
  return std::string(Verify({x509::Root()}, {&leaf, &ca}, std::move(options)).reason());
}

// Returns the verdict on a valid leaf below such an anchor.
std::string VerdictUnder(const x509::CertificateTemplate& what) {
  const x509::Credential anchor = x509::MakeCredential(what, nullptr);
  const x509::Credential leaf = x509::MakeCredential(x509::ClientTemplate("client"), &anchor);
  return std::string(Verify({anchor}, {&leaf}).reason());
}

x509::CertificateTemplate::RawExtension UnknownCritical() {
  return {"1.2.3.4.5", true, std::string("\x05\x00", 2)};
}

TEST(ChainChecks, BothEndsOfTheValidityBelongToIt) {
  x509::CertificateTemplate what = x509::ClientTemplate("client");
  what.not_before = x509::kNow;
  what.not_after = x509::kNow;
  EXPECT_EQ(VerdictOn(what), "");
  what.not_before = x509::kNow + 1;
  what.not_after = x509::kNow + 2;
  EXPECT_EQ(VerdictOn(what), "not_yet_valid");
  what.not_before = x509::kNow - 2;
  what.not_after = x509::kNow - 1;
  EXPECT_EQ(VerdictOn(what), "expired");
}

TEST(ChainChecks, AnExpiredAnchorIsNone) {
  x509::CertificateTemplate what = x509::CaTemplate("root");
  what.not_after = x509::kNow - 1;
  EXPECT_EQ(VerdictUnder(what), "expired");
}

TEST(ChainChecks, ALeafMustBeAllowedToSignAHandshake) {
  x509::CertificateTemplate what = x509::ClientTemplate("client");
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
  x509::CertificateTemplate leaf = x509::ClientTemplate("client"), ca = x509::CaTemplate("ca");
  leaf.extended_key_usage = {"2.5.29.37.0"};
  ca.extended_key_usage = {"2.5.29.37.0"};
  EXPECT_EQ(VerdictOn(leaf), "wrong_purpose");
  EXPECT_EQ(VerdictOn(leaf, any), "");
  EXPECT_EQ(VerdictBelow(ca), "wrong_purpose");
  EXPECT_EQ(VerdictBelow(ca, any), "");
  leaf.extended_key_usage = {"serverAuth", "codeSigning"};
  EXPECT_EQ(VerdictOn(leaf, any), "wrong_purpose");
}

TEST(ChainChecks, ACertificateForServersIsAcceptedOnlyByOption) {
  ChainVerifier::Options option;
  option.server_auth_clients = true;
  x509::CertificateTemplate leaf = x509::ClientTemplate("client");
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
  leaf.not_after = x509::kNow - 1;
  EXPECT_EQ(VerdictOn(leaf, option), "expired");
}

// All certificates of a path must have the same purpose.
TEST(ChainChecks, TheCasOfAClientAreGoodForItsPurpose) {
  ChainVerifier::Options option;
  option.server_auth_clients = true;
  const auto verdict = [&](std::vector<std::string> of_ca, std::vector<std::string> of_leaf) {
    x509::CertificateTemplate ca = x509::CaTemplate("ca"), leaf = x509::ClientTemplate("client");
    ca.extended_key_usage = std::move(of_ca);
    leaf.extended_key_usage = std::move(of_leaf);
    const x509::Credential issuer = x509::MakeCredential(ca, &x509::Root());
    const x509::Credential client = x509::MakeCredential(leaf, &issuer);
    return std::string(Verify({x509::Root()}, {&client, &issuer}, option).reason());
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
  const std::string without = ChainVerifier(x509::Trust({x509::Root()}), option).id();
  option.server_auth_clients = true;
  EXPECT_NE(ChainVerifier(x509::Trust({x509::Root()}), option).id(), without);
}

TEST(ChainChecks, AWrongUsageIsReportedWithTheRequiredOne) {
  x509::CertificateTemplate what = x509::ClientTemplate("client");
  what.extended_key_usage = {"serverAuth"};
  const auto detail = [&] {
    const x509::Credential leaf = x509::MakeCredential(what, &x509::Root());
    return Verify({x509::Root()}, {&leaf}).detail;
  };
  EXPECT_THAT(detail(), HasSubstr("its extended key usage is serverAuth; clientAuth is required "
                                  "(client_auth.server_auth_clients"));
  what.extended_key_usage = {"codeSigning", "1.2.3.4"};
  EXPECT_EQ(detail(),
            "the certificate: its extended key usage is codeSigning, 1.2.3.4; clientAuth "
            "is required");
  what = x509::ClientTemplate("client");
  what.key_usage = {"keyEncipherment", "dataEncipherment"};
  EXPECT_EQ(detail(),
            "the certificate: its key usage (keyEncipherment, dataEncipherment) does not "
            "allow signatures; digitalSignature is required");
}

TEST(ChainChecks, AnEmptyExtendedKeyUsageAllowsNothing) {
  x509::CertificateTemplate what = x509::ClientTemplate("client");
  what.extended_key_usage = {};
  what.raw_extensions = {{"2.5.29.37", false, x509::der::Element(x509::der::kSequence, "")}};
  EXPECT_NE(VerdictOn(what), "");
}

TEST(ChainChecks, AnAnchorsExtendedKeyUsageConstrainsToo) {
  x509::CertificateTemplate what = x509::CaTemplate("root");
  what.extended_key_usage = {"serverAuth"};
  EXPECT_EQ(VerdictUnder(what), "wrong_purpose");
}

TEST(ChainChecks, ACaNeedsBasicConstraints) {
  x509::CertificateTemplate what = x509::CaTemplate("ca");
  what.basic_constraints = false;
  EXPECT_EQ(VerdictBelow(what), "wrong_purpose");
  EXPECT_EQ(VerdictUnder(what), "wrong_purpose");
  what = x509::CaTemplate("ca");
  what.ca = false;
  what.key_usage = {"keyCertSign"};
  EXPECT_EQ(VerdictBelow(what), "wrong_purpose");
}

TEST(ChainChecks, ACaMustBeAllowedToSignCertificates) {
  x509::CertificateTemplate what = x509::CaTemplate("ca");
  what.key_usage = {"cRLSign"};
  EXPECT_EQ(VerdictBelow(what), "wrong_purpose");
  EXPECT_EQ(VerdictUnder(what), "wrong_purpose");
  what.no_key_usage = true;
  EXPECT_EQ(VerdictBelow(what), "");
  EXPECT_EQ(VerdictUnder(what), "");
}

TEST(ChainChecks, ACaMustHaveAName) {
  x509::CertificateTemplate what = x509::CaTemplate("");
  what.subject = {};
  what.san.dns = {"ca.example"};
  EXPECT_EQ(VerdictBelow(what), "invalid_certificate");
  EXPECT_EQ(VerdictUnder(what), "invalid_certificate");
}

TEST(ChainChecks, AnAnchorsPathLengthHoldsToo) {
  x509::CertificateTemplate what = x509::CaTemplate("root");
  what.path_length = 0;
  const x509::Credential root = x509::MakeCredential(what, nullptr);
  const x509::Credential ca = x509::MakeCredential(x509::CaTemplate("ca"), &root);
  const x509::Credential below = x509::MakeCredential(x509::ClientTemplate("client"), &ca);
  const x509::Credential direct = x509::MakeCredential(x509::ClientTemplate("client"), &root);
  EXPECT_EQ(Verify({root}, {&below, &ca}).reason(), "path_too_long");
  EXPECT_TRUE(Verify({root}, {&direct}).ok());
}

TEST(ChainChecks, AnUnknownCriticalExtensionEndsAPathWhereverItStands) {
  x509::CertificateTemplate ca = x509::CaTemplate("ca");
  ca.raw_extensions = {UnknownCritical()};
  EXPECT_EQ(VerdictBelow(ca), "invalid_certificate");
  EXPECT_EQ(VerdictUnder(ca), "invalid_certificate");
  ca.raw_extensions[0].critical = false;
  EXPECT_EQ(VerdictBelow(ca), "");
}

TEST(ChainChecks, AnUnknownCriticalExtensionOfAnUnrelatedCertificateDoesNotMatter) {
  x509::CertificateTemplate what = x509::CaTemplate("stranger");
  what.raw_extensions = {UnknownCritical()};
  const x509::Credential stranger = x509::MakeCredential(what, nullptr);
  const x509::Credential leaf = x509::MakeCredential(x509::ClientTemplate("client"), &x509::Root());
  EXPECT_TRUE(Verify({x509::Root(), stranger}, {&leaf, &stranger}).ok());
}

TEST(ChainChecks, DuplicateExtensionsAreRejected) {
  x509::CertificateTemplate what = x509::ClientTemplate("client");
  what.raw_extensions = {{"1.2.3.4", false, "a"}, {"1.2.3.4", false, "b"}};
  const x509::Credential leaf = x509::MakeCredential(what, &x509::Root());
  const VerifyResult result = Verify({x509::Root()}, {&leaf});
  EXPECT_EQ(result.reason(), "invalid_certificate");
  EXPECT_THAT(result.detail, HasSubstr("duplicate extension"));
}

TEST(ChainChecks, MalformedNameConstraintsAreANameConstraintThatFails) {
  x509::CertificateTemplate ca = x509::CaTemplate("ca");
  ca.raw_extensions = {{"2.5.29.30", true, x509::der::Element(x509::der::kSequence, "")}};
  EXPECT_EQ(VerdictBelow(ca), "name_constraint");
}

TEST(ChainChecks, NameConstraintsHoldForTheCasBelowThemToo) {
  x509::CertificateTemplate top = x509::CaTemplate("top");
  x509::AddNameConstraints({"good.example"}, {}, &top);
  x509::CertificateTemplate middle = x509::CaTemplate("middle");
  middle.san.dns = {"bad.example"};
  const x509::Credential upper = x509::MakeCredential(top, &x509::Root());
  const x509::Credential lower = x509::MakeCredential(middle, &upper);
  const x509::Credential leaf = x509::MakeCredential(x509::ClientTemplate("client"), &lower);
  const VerifyResult result = Verify({x509::Root()}, {&leaf, &lower, &upper});
  EXPECT_EQ(result.reason(), "name_constraint");
  EXPECT_EQ(result.depth, 1);
}

TEST(ChainChecks, NameConstraintsOfTheAnchorHold) {
  x509::CertificateTemplate what = x509::CaTemplate("root");
  x509::AddNameConstraints({}, {"bad.example"}, &what);
  const x509::Credential root = x509::MakeCredential(what, nullptr);
  x509::CertificateTemplate bad = x509::ClientTemplate("client");
  bad.san.dns = {"a.bad.example"};
  const x509::Credential leaf = x509::MakeCredential(bad, &root);
  EXPECT_EQ(Verify({root}, {&leaf}).reason(), "name_constraint");
}

TEST(ChainChecks, ARequiredPolicyThatIsMissingEndsThePath) {
  const std::string policy = x509::der::Element(
      x509::der::kSequence,
      x509::der::Element(x509::der::kSequence, x509::der::Element(0x06, "\x2a\x03")));
  x509::CertificateTemplate ca = x509::CaTemplate("ca");
  ca.raw_extensions = {
      {"2.5.29.32", false, policy},
      {"2.5.29.36", true,
       x509::der::Element(x509::der::kSequence, x509::der::Element(0x80, std::string(1, '\0')))}};
  const x509::Credential issuer = x509::MakeCredential(ca, &x509::Root());
  x509::CertificateTemplate what = x509::ClientTemplate("client");
  const x509::Credential without = x509::MakeCredential(what, &issuer);
  EXPECT_EQ(Verify({x509::Root()}, {&without, &issuer}).reason(), "invalid_certificate");
  what.raw_extensions = {{"2.5.29.32", false, policy}};
  const x509::Credential with = x509::MakeCredential(what, &issuer);
  EXPECT_TRUE(Verify({x509::Root()}, {&with, &issuer}).ok());
}

TEST(ChainChecks, ForAServerOtherUsagesCount) {
  ChainVerifier::Options server;
  server.purpose = ChainVerifier::Purpose::kServerAuth;
  const x509::Credential leaf =
      x509::MakeCredential(x509::ServerTemplate("server", {"a.example"}), &x509::Root());
  EXPECT_TRUE(Verify({x509::Root()}, {&leaf}, server).ok());
  EXPECT_EQ(VerdictOn(x509::ClientTemplate("client"), server), "wrong_purpose");
}

TEST(ChainChecks, OfVersion1OnlyARootThatIsTrustedIsACa) {
  x509::CertificateTemplate what = x509::CaTemplate("old");
  what.version1 = true;
  const x509::Credential root = x509::MakeCredential(what, nullptr);
  const x509::Credential leaf = x509::MakeCredential(x509::ClientTemplate("client"), &root);
  EXPECT_TRUE(Verify({root}, {&leaf}).ok());
  EXPECT_FALSE(Verify({x509::Root()}, {&leaf, &root}).ok());
  const x509::Credential within = x509::MakeCredential(what, &x509::Root());
  const x509::Credential below = x509::MakeCredential(x509::ClientTemplate("client"), &within);
  EXPECT_EQ(Verify({x509::Root()}, {&below, &within}).reason(), "wrong_purpose");
  EXPECT_FALSE(Verify({x509::Root(), within}, {&below}).ok());
  ChainVerifier::Options partial;
  partial.partial_chain = true;
  EXPECT_FALSE(Verify({within}, {&below}, partial).ok());
}

}  // namespace
}  // namespace mantlet::verify
