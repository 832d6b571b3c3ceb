// Checks which of the possible paths through a set of certificates is found, and which reason is
// reported if there is none.

#include <ctime>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proxy/verify/chain_verifier.h"
#include "proxy/verify/path_builder.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::verify {
namespace {

using testing::HasSubstr;

// Returns another certificate for the same name and key.
x509::Credential CrossSign(const x509::CertificateTemplate& what, const x509::Credential& subject,
                           const x509::Credential* issuer) {
  auto certificate = x509::Issue(what, *subject.key, issuer);
  EXPECT_TRUE(certificate.ok());
  return {*certificate, subject.key};
}

x509::Credential CrossSign(const std::string& cn, const x509::Credential& subject,
                           const x509::Credential* issuer) {
  return CrossSign(x509::CaTemplate(cn), subject, issuer);
}

x509::CertificateTemplate WithoutKeyId(x509::CertificateTemplate what) {
  what.no_authority_key_id = true;
  return what;
}

VerifyResult Verify(const std::vector<x509::Credential>& anchors,
                    const std::vector<const x509::Credential*>& chain,
                    ChainVerifier::Options options = {}) {
  return ChainVerifier(x509::Trust(anchors), std::move(options))
      .Verify(x509::Chain(chain), x509::kNow);
}

// Returns the number of signatures that are checked until a path is found; -1 if there is none.
int SignatureChecks(const std::vector<x509::Credential>& anchors,
                    const std::vector<const x509::Credential*>& chain) {
  const x509::TrustStorePtr trust = x509::Trust(anchors);
  const AnchorIndex index(*trust);
  absl::StatusOr<PresentedChain> presented = PresentedChain::Parse(x509::Chain(chain));
  PathRules rules;
  rules.extended_key_usage = ~0u;
  rules.leaf_key_usage = ~0u;
  rules.now = x509::kNow;
  PathBuilder builder(&index, *presented, rules, nullptr);
  return builder.Build() ? builder.signature_checks() : -1;
}

double CpuMilliseconds() { return 1000.0 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

TEST(ChainBuilding, TheUsualChainCostsOneSignatureCheckPerCertificate) {
  x509::Credential direct = x509::MakeCredential(x509::ClientTemplate("client"), &x509::Root());
  EXPECT_EQ(SignatureChecks({x509::Root()}, {&direct}), 1);
  x509::Credential below =
      x509::MakeCredential(x509::ClientTemplate("client"), &x509::Intermediate());
  EXPECT_EQ(SignatureChecks({x509::Root()}, {&below, &x509::Intermediate()}), 2);
  x509::Credential stranger = x509::MakeCredential(x509::CaTemplate("stranger"), nullptr);
  EXPECT_EQ(
      SignatureChecks({stranger, x509::Root()}, {&below, &stranger, &x509::Root(),
                                                 &x509::Intermediate(), &x509::Intermediate()}),
      2);
}

TEST(ChainBuilding, DuplicatesOfAnyCertificateDoNoHarm) {
  x509::Credential client =
      x509::MakeCredential(x509::ClientTemplate("client"), &x509::Intermediate());
  EXPECT_TRUE(Verify({x509::Root()}, {&client, &client, &x509::Intermediate(), &x509::Root(),
                                      &x509::Intermediate(), &x509::Root(), &client})
                  .ok());
}

TEST(ChainBuilding, ACrossSignedIntermediateReachesTheAnchorThatIsTrusted) {
  x509::Credential ours = x509::MakeCredential(x509::CaTemplate("ours"), nullptr);
  x509::Credential theirs = x509::MakeCredential(x509::CaTemplate("theirs"), nullptr);
  x509::Credential by_ours = x509::MakeCredential(x509::CaTemplate("shared"), &ours);
  x509::Credential by_theirs = CrossSign("shared", by_ours, &theirs);
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &by_ours);
  for (const auto& anchor : {ours, theirs}) {
    EXPECT_TRUE(Verify({anchor}, {&client, &by_ours, &by_theirs}).ok());
    EXPECT_TRUE(Verify({anchor}, {&client, &by_theirs, &by_ours}).ok());
  }
  EXPECT_EQ(Verify({ours}, {&client, &by_theirs}).reason(), "unknown_ca");
}

TEST(ChainBuilding, AnExpiredCrossSignDoesNotHideTheGoodOne) {
  x509::Credential theirs = x509::MakeCredential(x509::CaTemplate("theirs"), nullptr);
  x509::Credential shared = x509::MakeCredential(x509::CaTemplate("shared"), &x509::Root());
  x509::CertificateTemplate what = x509::CaTemplate("shared");
  what.not_after = x509::kNow - 1;
  x509::Credential expired = CrossSign(what, shared, &theirs);
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &shared);
  EXPECT_TRUE(Verify({x509::Root(), theirs}, {&client, &expired, &shared}).ok());
  VerifyResult alone = Verify({x509::Root(), theirs}, {&client, &expired});
  EXPECT_EQ(alone.reason(), "expired");
  EXPECT_EQ(alone.depth, 1);
}

TEST(ChainBuilding, AnExpiredRootDoesNotHideItsSuccessorOfTheSameKey) {
  x509::CertificateTemplate what = x509::CaTemplate("root");
  what.not_after = x509::kNow - 1;
  x509::Credential old = CrossSign(what, x509::Root(), nullptr);
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &x509::Root());
  EXPECT_TRUE(Verify({old, x509::Root()}, {&client}).ok());
  EXPECT_EQ(Verify({old}, {&client}).reason(), "expired");
}

TEST(ChainBuilding, TheAnchorWithTheLongestValidityIsUsed) {
  x509::CertificateTemplate what = x509::CaTemplate("root");
  what.not_after = x509::kNow + x509::kDay;
  x509::Credential brief = CrossSign(what, x509::Root(), nullptr);
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &x509::Root());
  VerifyResult result = Verify({brief, x509::Root()}, {&client});
  EXPECT_EQ(result.valid_until, x509::kNow + 100 * x509::kDay + 1);
}

TEST(ChainBuilding, IntermediatesOfOneNameAndDifferentKeysAreAllTried) {
  std::vector<x509::Credential> namesakes;
  for (int i = 0; i < 6; ++i) {
    namesakes.push_back(
        x509::MakeCredential(WithoutKeyId(x509::CaTemplate("shared")), &x509::Root()));
  }
  for (const x509::Credential& issuer : namesakes) {
    x509::Credential client =
        x509::MakeCredential(WithoutKeyId(x509::ClientTemplate("client")), &issuer);
    std::vector<const x509::Credential*> chain = {&client};
    for (const x509::Credential& one : namesakes) chain.push_back(&one);
    VerifyResult result = Verify({x509::Root()}, chain);
    EXPECT_TRUE(result.ok()) << result.detail;
  }
}

TEST(ChainBuilding, KeyIdentifiersAreHintsOnly) {
  // The client's key identifier is not in its issuer's certificate.
  x509::Credential hinted = x509::MakeCredential(x509::CaTemplate("shared"), &x509::Root());
  x509::CertificateTemplate what = x509::ClientTemplate("client");
  what.no_authority_key_id = true;
  what.raw_extensions = {{"2.5.29.35", false, std::string("\x30\x04\x80\x02\x01\x02", 6)}};
  x509::Credential client = x509::MakeCredential(what, &hinted);
  EXPECT_TRUE(Verify({x509::Root()}, {&client, &hinted}).ok());
}

TEST(ChainBuilding, AKeyRolloverThroughSelfIssuedCertificatesIsFollowed) {
  // The old root certifies the new key under the same name (RFC 4210, 4.4).
  x509::Credential old_root =
      x509::MakeCredential(WithoutKeyId(x509::CaTemplate("rolled")), nullptr);
  x509::Credential new_key =
      x509::MakeCredential(WithoutKeyId(x509::CaTemplate("rolled")), &old_root);
  x509::Credential client =
      x509::MakeCredential(WithoutKeyId(x509::ClientTemplate("client")), &new_key);
  EXPECT_TRUE(Verify({old_root}, {&client, &new_key}).ok());
  ChainVerifier::Options options;
  options.max_depth = 0;  // self-issued certificates do not count
  EXPECT_TRUE(Verify({old_root}, {&client, &new_key}, options).ok());
}

TEST(ChainBuilding, TrustedIntermediatesCanBeLeftOutByTheClient) {
  x509::Credential client =
      x509::MakeCredential(x509::ClientTemplate("client"), &x509::Intermediate());
  EXPECT_TRUE(Verify({x509::Root(), x509::Intermediate()}, {&client}).ok());
}

TEST(ChainBuilding, AnIntermediateEndsAPathOnlyByOption) {
  x509::Credential client =
      x509::MakeCredential(x509::ClientTemplate("client"), &x509::Intermediate());
  EXPECT_EQ(Verify({x509::Intermediate()}, {&client}).reason(), "unknown_ca");
  EXPECT_EQ(Verify({x509::Intermediate()}, {&client, &x509::Root()}).reason(), "unknown_ca");
  ChainVerifier::Options options;
  options.partial_chain = true;
  EXPECT_TRUE(Verify({x509::Intermediate()}, {&client}, options).ok());
  EXPECT_TRUE(Verify({x509::Intermediate()}, {&client, &x509::Root()}, options).ok());
}

TEST(ChainBuilding, ASelfSignedClientMayBeAnAnchorItself) {
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), nullptr);
  EXPECT_TRUE(Verify({client}, {&client}).ok());
  x509::Credential namesake = x509::MakeCredential(x509::ClientTemplate("client"), nullptr);
  EXPECT_EQ(Verify({client}, {&namesake}).reason(), "unknown_ca");
  x509::Credential issued = x509::MakeCredential(x509::ClientTemplate("issued"), &x509::Root());
  EXPECT_FALSE(Verify({issued}, {&issued}).ok());
  ChainVerifier::Options options;
  options.partial_chain = true;
  EXPECT_TRUE(Verify({issued}, {&issued}, options).ok());
}

TEST(ChainBuilding, TwoCasThatCertifyEachOtherLeadNowhere) {
  x509::Credential a = x509::MakeCredential(x509::CaTemplate("a"), nullptr);
  x509::Credential b = x509::MakeCredential(x509::CaTemplate("b"), &a);
  x509::Credential a_by_b = CrossSign("a", a, &b);
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &a);
  EXPECT_EQ(Verify({x509::Root()}, {&client, &a_by_b, &b}).reason(), "unknown_ca");
}

TEST(ChainBuilding, ThePathWithTheFewestFaultsGivesTheReason) {
  // An unrelated CA with the name of the real issuer does not turn "expired" into "unknown_ca" or
  // "bad_signature".
  x509::CertificateTemplate what = WithoutKeyId(x509::ClientTemplate("client"));
  what.not_after = x509::kNow - 1;
  x509::Credential issuer = x509::MakeCredential(x509::CaTemplate("shared"), &x509::Root());
  x509::Credential stranger = x509::MakeCredential(x509::CaTemplate("shared"), nullptr);
  x509::Credential client = x509::MakeCredential(what, &issuer);
  for (const auto& chain : std::vector<std::vector<const x509::Credential*>>{
           {&client, &stranger, &issuer}, {&client, &issuer, &stranger}}) {
    VerifyResult result = Verify({x509::Root()}, chain);
    EXPECT_EQ(result.reason(), "expired");
    EXPECT_EQ(result.depth, 0);
  }
}

TEST(ChainBuilding, OfTwoPathsTheOneWithFewerFaultsIsReported) {
  // One cross-certificate is for servers only and has expired, the other has only expired.
  x509::Credential theirs = x509::MakeCredential(x509::CaTemplate("theirs"), nullptr);
  x509::CertificateTemplate expired = x509::CaTemplate("shared");
  expired.not_after = x509::kNow - 1;
  x509::CertificateTemplate worse = expired;
  worse.extended_key_usage = {"serverAuth"};
  x509::Credential one = x509::MakeCredential(expired, &x509::Root());
  x509::Credential other = CrossSign(worse, one, &theirs);
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &one);
  EXPECT_EQ(Verify({x509::Root(), theirs}, {&client, &other, &one}).reason(), "expired");
  EXPECT_EQ(Verify({x509::Root(), theirs}, {&client, &one, &other}).reason(), "expired");
  EXPECT_EQ(Verify({x509::Root(), theirs}, {&client, &other}).reason(), "wrong_purpose");
}

TEST(ChainBuilding, AMissingIssuerHigherUpIsNamed) {
  x509::Credential hidden = x509::MakeCredential(x509::CaTemplate("hidden"), &x509::Root());
  x509::Credential lower = x509::MakeCredential(x509::CaTemplate("lower"), &hidden);
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &lower);
  VerifyResult result = Verify({x509::Root()}, {&client, &lower});
  EXPECT_EQ(result.reason(), "unknown_ca");
  EXPECT_EQ(result.depth, 1);
  EXPECT_THAT(result.detail, HasSubstr("CN=hidden"));
}

// ---- limits of the work

// `ways[i][j]` is CA j certified by CA i; all pairs exist.
std::vector<x509::Credential> FullyCrossSigned(int cas, bool same_name, bool same_key) {
  std::vector<x509::Credential> roots, crosses;
  for (int i = 0; i < cas; ++i) {
    const std::string cn = same_name ? "cross" : "cross " + std::to_string(i);
    const x509::CertificateTemplate what = WithoutKeyId(x509::CaTemplate(cn));
    roots.push_back(same_key && i > 0 ? CrossSign(what, roots[0], nullptr)
                                      : x509::MakeCredential(what, nullptr));
  }
  for (int i = 0; i < cas; ++i) {
    for (int j = 0; j < cas; ++j) {
      if (i == j) continue;
      const std::string cn = same_name ? "cross" : "cross " + std::to_string(j);
      crosses.push_back(CrossSign(WithoutKeyId(x509::CaTemplate(cn)), roots[j], &roots[i]));
    }
  }
  return crosses;
}

class HostileBundle : public testing::TestWithParam<std::pair<bool, bool>> {};

TEST_P(HostileBundle, CostsMillisecondsWhereverItIs) {
  const auto [same_name, same_key] = GetParam();
  const std::vector<x509::Credential> crosses = FullyCrossSigned(10, same_name, same_key);  // 90
  x509::Credential client =
      x509::MakeCredential(WithoutKeyId(x509::ClientTemplate("client")), &crosses.front());
  std::vector<x509::Credential> trusted = crosses;
  trusted.push_back(x509::Root());
  std::vector<const x509::Credential*> all = {&client}, alone = {&client};
  for (const x509::Credential& cross : crosses) all.push_back(&cross);
  const ChainVerifier few(x509::Trust({x509::Root()}), {}), many(x509::Trust(trusted), {});
  struct Case {
    const char* what;
    const ChainVerifier& verifier;
    const std::vector<const x509::Credential*>& chain;
  };
  for (const Case& test :
       {Case{"presented", few, all}, Case{"trusted", many, alone}, Case{"both", many, all}}) {
    const double begin = CpuMilliseconds();
    const VerifyResult result = test.verifier.Verify(x509::Chain(test.chain), x509::kNow);
    const double cost = CpuMilliseconds() - begin;
    // Certificates with one name and one key are all self-signed, so each is a root.
    const bool roots = same_name && same_key && &test.verifier == &many;
    EXPECT_EQ(result.ok(), roots) << test.what;
    EXPECT_LT(cost, 200) << test.what;  // ten times what it takes, for sanitizers
    std::printf("%s: %.1f ms, %s\n", test.what, cost, std::string(result.reason()).c_str());
  }
}

TEST_P(HostileBundle, DoesNotHideAPathThatIsThere) {
  const auto [same_name, same_key] = GetParam();
  const std::vector<x509::Credential> crosses = FullyCrossSigned(10, same_name, same_key);
  const std::string cn = same_name ? "cross" : "cross 0";
  // Our root also certifies one of the CAs, which comes last.
  x509::Credential way_out =
      CrossSign(WithoutKeyId(x509::CaTemplate(cn)), crosses.back(), &x509::Root());
  x509::Credential client =
      x509::MakeCredential(WithoutKeyId(x509::ClientTemplate("client")), &way_out);
  std::vector<const x509::Credential*> chain = {&client};
  for (const x509::Credential& cross : crosses) chain.push_back(&cross);
  chain.push_back(&way_out);
  VerifyResult result = Verify({x509::Root()}, chain);
  EXPECT_TRUE(result.ok()) << result.detail;
}

INSTANTIATE_TEST_SUITE_P(Kinds, HostileBundle,
                         testing::Values(std::pair(false, false), std::pair(false, true),
                                         std::pair(true, false), std::pair(true, true)));

TEST(ChainBuilding, OneNameInTwoEncodingsIsOneName) {
  const auto printable = [](x509::CertificateTemplate what) {
    what.printable_issuer = true;
    return what;
  };
  const x509::Credential root = x509::MakeCredential(x509::CaTemplate("Corp Root"), nullptr);
  const x509::Credential ca =
      x509::MakeCredential(printable(x509::CaTemplate("Corp Issuing")), &root);
  const x509::Credential client =
      x509::MakeCredential(printable(x509::ClientTemplate("client")), &ca);
  EXPECT_TRUE(Verify({root}, {&client, &ca}).ok());
  // A root whose own name has another encoding than in the certificates that it issued.
  const x509::Credential odd =
      x509::MakeCredential(printable(x509::CaTemplate("Odd Root")), nullptr);
  const x509::Credential below = x509::MakeCredential(x509::ClientTemplate("client"), &odd);
  EXPECT_TRUE(Verify({odd}, {&below}).ok());
}

TEST(ChainBuilding, AnAnchorWhoseNameOnlyLooksLikeTheIssuersIsReported) {
  const x509::Credential root = x509::MakeCredential(x509::CaTemplate("Corp Root"), nullptr);
  const x509::Credential other = x509::MakeCredential(x509::CaTemplate("C\xd0\xbe"
                                                                       "rp Root"),
                                                      nullptr);
  const x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &root);
  const VerifyResult result = Verify({other}, {&client});
  EXPECT_EQ(result.reason(), "unknown_ca");
  EXPECT_THAT(result.detail, HasSubstr("the CN has U+006F in one and U+043E in the other"));
  const x509::Credential unlike = x509::MakeCredential(x509::CaTemplate("Corp Root 2"), nullptr);
  EXPECT_THAT(Verify({unlike}, {&client}).detail, testing::Not(HasSubstr("look alike")));
}

// The description of names that look alike costs no more than the rejection.
TEST(ChainBuilding, AnUnknownClientsNameCostsOnlyMilliseconds) {
  std::vector<x509::Credential> anchors;
  const x509::PrivateKeyPtr key = *x509::GenerateKey(x509::KeyType::kP256);
  for (int i = 0; i < 400; ++i) {
    const x509::CertificateTemplate what =
        x509::CaTemplate("Corp Root " + std::to_string(1000 + i));
    anchors.push_back({*x509::Issue(what, *key, nullptr), key});
  }
  const ChainVerifier verifier(x509::Trust(anchors), {});
  // Blanks without width, which are invisible.
  std::string unseen;
  for (int i = 0; i < 20'000; ++i) unseen += "\xe2\x80\x8b";
  for (const std::string& cn : {"Corp Root 1399" + unseen, std::string("C\xd0\xbe"
                                                                       "rp Root 1399")}) {
    const x509::Credential stranger = x509::MakeCredential(x509::CaTemplate(cn), nullptr);
    const x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &stranger);
    const double begin = CpuMilliseconds();
    const VerifyResult result = verifier.Verify(x509::Chain({&client}), x509::kNow);
    const double cost = CpuMilliseconds() - begin;
    EXPECT_EQ(result.reason(), "unknown_ca");
    EXPECT_LT(cost, 40) << cn.size();  // ten times what it takes, for sanitizers
    std::printf("%zu bytes: %.1f ms\n", cn.size(), cost);
  }
}

ChainVerifier::Options PinnedTo(const std::vector<const x509::Credential*>& cas) {
  ChainVerifier::Options options;
  for (const x509::Credential* ca : cas) {
    options.ca_pins.push_back(ca->certificate->public_key().spki_sha256);
  }
  return options;
}

TEST(CaPins, AnyCaOfThePathMayBeThePinnedOne) {
  const x509::Credential ca = x509::MakeCredential(x509::CaTemplate("ca"), &x509::Intermediate());
  const x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &ca);
  const x509::Credential other = x509::MakeCredential(x509::CaTemplate("other"), nullptr);
  const auto reason = [&](const std::vector<const x509::Credential*>& pins) {
    return std::string(
        Verify({x509::Root()}, {&client, &ca, &x509::Intermediate()}, PinnedTo(pins)).reason());
  };
  EXPECT_EQ(reason({&ca}), "");
  EXPECT_EQ(reason({&x509::Intermediate()}), "");
  EXPECT_EQ(reason({&other, &x509::Root()}), "");
  EXPECT_EQ(reason({&other}), "not_pinned");
  // Neither the client's own key nor that of a CA beside the path counts.
  EXPECT_EQ(reason({&client}), "not_pinned");
  EXPECT_EQ(
      Verify({x509::Root()}, {&client, &ca, &x509::Intermediate(), &other}, PinnedTo({&other}))
          .reason(),
      "not_pinned");
  const VerifyResult result =
      Verify({x509::Root()}, {&client, &ca, &x509::Intermediate()}, PinnedTo({&other}));
  EXPECT_THAT(result.detail, HasSubstr("ca_pins: [" + ca.certificate->public_key().spki_sha256));
  EXPECT_EQ(result.depth, 0);
}

TEST(CaPins, ArePartOfWhatDecides) {
  const auto id = [](ChainVerifier::Options options) {
    return ChainVerifier(x509::Trust({x509::Root()}), std::move(options)).id();
  };
  const x509::Credential& a = x509::Root();
  const x509::Credential& b = x509::Intermediate();
  EXPECT_NE(id({}), id(PinnedTo({&a})));
  EXPECT_NE(id(PinnedTo({&a})), id(PinnedTo({&b})));
  EXPECT_NE(id(PinnedTo({&a})), id(PinnedTo({&a, &b})));
  EXPECT_EQ(id(PinnedTo({&a, &b})), id(PinnedTo({&b, &a})));
}

TEST(CaPins, OfSeveralPathsOneWithAPinnedCaIsFound) {
  const x509::Credential client =
      x509::MakeCredential(x509::ClientTemplate("client"), &x509::Intermediate());
  std::vector<x509::Credential> roots = {x509::Root()}, crosses;
  for (int i = 0; i < 20; ++i) {
    roots.push_back(x509::MakeCredential(x509::CaTemplate("root " + std::to_string(i)), nullptr));
    crosses.push_back(CrossSign("intermediate", x509::Intermediate(), &roots.back()));
  }
  std::vector<const x509::Credential*> chain = {&client, &x509::Intermediate()};
  for (const x509::Credential& cross : crosses) chain.push_back(&cross);
  for (const x509::Credential& root : roots) {
    EXPECT_TRUE(Verify(roots, chain, PinnedTo({&root})).ok());
  }
  const x509::Credential stranger = x509::MakeCredential(x509::CaTemplate("stranger"), nullptr);
  EXPECT_EQ(Verify(roots, chain, PinnedTo({&stranger})).reason(), "not_pinned");
}

TEST(CaPins, OnlyAddToWhatAGoodChainNeeds) {
  x509::CertificateTemplate what = x509::ClientTemplate("client");
  what.not_after = x509::kNow - 1;
  const x509::Credential expired = x509::MakeCredential(what, &x509::Root());
  EXPECT_EQ(Verify({x509::Root()}, {&expired}, PinnedTo({&x509::Root()})).reason(), "expired");
  const x509::Credential stranger = x509::MakeCredential(x509::CaTemplate("stranger"), nullptr);
  const x509::Credential theirs = x509::MakeCredential(x509::ClientTemplate("theirs"), &stranger);
  EXPECT_EQ(Verify({x509::Root()}, {&theirs, &stranger}, PinnedTo({&stranger})).reason(),
            "unknown_ca");
}

}  // namespace
}  // namespace mantlet::verify
