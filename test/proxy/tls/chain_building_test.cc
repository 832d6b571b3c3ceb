// Which of the many paths that a set of certificates allows is found, and what is
// said if there is none.

#include <ctime>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proxy/tls/chain_verifier.h"
#include "proxy/tls/path_builder.h"
#include "test/proxy/tls/pki.h"

namespace mantlet::tls {
namespace {

using testing::HasSubstr;

// Another certificate for the same name and key.
Credential CrossSign(const CertificateTemplate& what, const Credential& subject,
                     const Credential* issuer) {
  auto certificate = Issue(what, *subject.key, issuer);
  EXPECT_TRUE(certificate.ok());
  return {*certificate, subject.key};
}

Credential CrossSign(const std::string& cn, const Credential& subject, const Credential* issuer) {
  return CrossSign(CaTemplate(cn), subject, issuer);
}

CertificateTemplate WithoutKeyId(CertificateTemplate what) {
  what.no_authority_key_id = true;
  return what;
}

VerifyResult Verify(const std::vector<Credential>& anchors,
                    const std::vector<const Credential*>& chain,
                    ChainVerifier::Options options = {}) {
  return ChainVerifier(Trust(anchors), std::move(options)).Verify(Chain(chain), kNow);
}

// How many signatures are looked at until a path stands; -1 if none does.
int SignatureChecks(const std::vector<Credential>& anchors,
                    const std::vector<const Credential*>& chain) {
  const TrustStorePtr trust = Trust(anchors);
  const AnchorIndex index(*trust);
  absl::StatusOr<PresentedChain> presented = PresentedChain::Parse(Chain(chain));
  PathRules rules;
  rules.extended_key_usage = ~0u;
  rules.leaf_key_usage = ~0u;
  rules.now = kNow;
  PathBuilder builder(&index, *presented, rules, nullptr);
  return builder.Build() ? builder.signature_checks() : -1;
}

double CpuMilliseconds() { return 1000.0 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

TEST(ChainBuilding, TheUsualChainCostsOneSignatureCheckPerCertificate) {
  Credential direct = MakeCredential(ClientTemplate("client"), &Root());
  EXPECT_EQ(SignatureChecks({Root()}, {&direct}), 1);
  Credential below = MakeCredential(ClientTemplate("client"), &Intermediate());
  EXPECT_EQ(SignatureChecks({Root()}, {&below, &Intermediate()}), 2);
  Credential stranger = MakeCredential(CaTemplate("stranger"), nullptr);
  EXPECT_EQ(SignatureChecks({stranger, Root()},
                            {&below, &stranger, &Root(), &Intermediate(), &Intermediate()}),
            2);
}

TEST(ChainBuilding, DuplicatesOfAnyCertificateDoNoHarm) {
  Credential client = MakeCredential(ClientTemplate("client"), &Intermediate());
  EXPECT_TRUE(Verify({Root()}, {&client, &client, &Intermediate(), &Root(), &Intermediate(),
                                &Root(), &client})
                  .ok());
}

TEST(ChainBuilding, ACrossSignedIntermediateReachesTheAnchorThatIsTrusted) {
  Credential ours = MakeCredential(CaTemplate("ours"), nullptr);
  Credential theirs = MakeCredential(CaTemplate("theirs"), nullptr);
  Credential by_ours = MakeCredential(CaTemplate("shared"), &ours);
  Credential by_theirs = CrossSign("shared", by_ours, &theirs);
  Credential client = MakeCredential(ClientTemplate("client"), &by_ours);
  for (const auto& anchor : {ours, theirs}) {
    EXPECT_TRUE(Verify({anchor}, {&client, &by_ours, &by_theirs}).ok());
    EXPECT_TRUE(Verify({anchor}, {&client, &by_theirs, &by_ours}).ok());
  }
  EXPECT_EQ(Verify({ours}, {&client, &by_theirs}).reason(), "unknown_ca");
}

TEST(ChainBuilding, AnExpiredCrossSignDoesNotHideTheGoodOne) {
  Credential theirs = MakeCredential(CaTemplate("theirs"), nullptr);
  Credential shared = MakeCredential(CaTemplate("shared"), &Root());
  CertificateTemplate what = CaTemplate("shared");
  what.not_after = kNow - 1;
  Credential expired = CrossSign(what, shared, &theirs);
  Credential client = MakeCredential(ClientTemplate("client"), &shared);
  EXPECT_TRUE(Verify({Root(), theirs}, {&client, &expired, &shared}).ok());
  VerifyResult alone = Verify({Root(), theirs}, {&client, &expired});
  EXPECT_EQ(alone.reason(), "expired");
  EXPECT_EQ(alone.depth, 1);
}

TEST(ChainBuilding, AnExpiredRootDoesNotHideItsSuccessorOfTheSameKey) {
  CertificateTemplate what = CaTemplate("root");
  what.not_after = kNow - 1;
  Credential old = CrossSign(what, Root(), nullptr);
  Credential client = MakeCredential(ClientTemplate("client"), &Root());
  EXPECT_TRUE(Verify({old, Root()}, {&client}).ok());
  EXPECT_EQ(Verify({old}, {&client}).reason(), "expired");
}

TEST(ChainBuilding, TheAnchorThatLastsLongestIsRelied) {
  CertificateTemplate what = CaTemplate("root");
  what.not_after = kNow + kDay;
  Credential brief = CrossSign(what, Root(), nullptr);
  Credential client = MakeCredential(ClientTemplate("client"), &Root());
  VerifyResult result = Verify({brief, Root()}, {&client});
  EXPECT_EQ(result.valid_until, kNow + 100 * kDay + 1);
}

TEST(ChainBuilding, IntermediatesOfOneNameAndDifferentKeysAreAllTried) {
  std::vector<Credential> namesakes;
  for (int i = 0; i < 6; ++i) {
    namesakes.push_back(MakeCredential(WithoutKeyId(CaTemplate("shared")), &Root()));
  }
  for (const Credential& issuer : namesakes) {
    Credential client = MakeCredential(WithoutKeyId(ClientTemplate("client")), &issuer);
    std::vector<const Credential*> chain = {&client};
    for (const Credential& one : namesakes) chain.push_back(&one);
    VerifyResult result = Verify({Root()}, chain);
    EXPECT_TRUE(result.ok()) << result.detail;
  }
}

TEST(ChainBuilding, KeyIdentifiersAreHintsOnly) {
  // The client names a key identifier that its issuer's certificate does not have.
  Credential hinted = MakeCredential(CaTemplate("shared"), &Root());
  CertificateTemplate what = ClientTemplate("client");
  what.no_authority_key_id = true;
  what.raw_extensions = {{"2.5.29.35", false, std::string("\x30\x04\x80\x02\x01\x02", 6)}};
  Credential client = MakeCredential(what, &hinted);
  EXPECT_TRUE(Verify({Root()}, {&client, &hinted}).ok());
}

TEST(ChainBuilding, AKeyRolloverThroughSelfIssuedCertificatesIsFollowed) {
  // Old root certifies the new key under the same name (RFC 4210, 4.4).
  Credential old_root = MakeCredential(WithoutKeyId(CaTemplate("rolled")), nullptr);
  Credential new_key = MakeCredential(WithoutKeyId(CaTemplate("rolled")), &old_root);
  Credential client = MakeCredential(WithoutKeyId(ClientTemplate("client")), &new_key);
  EXPECT_TRUE(Verify({old_root}, {&client, &new_key}).ok());
  ChainVerifier::Options options;
  options.max_depth = 0;  // self-issued certificates do not count
  EXPECT_TRUE(Verify({old_root}, {&client, &new_key}, options).ok());
}

TEST(ChainBuilding, TrustedIntermediatesCanBeLeftOutByTheClient) {
  Credential client = MakeCredential(ClientTemplate("client"), &Intermediate());
  EXPECT_TRUE(Verify({Root(), Intermediate()}, {&client}).ok());
}

TEST(ChainBuilding, AnIntermediateEndsAPathOnlyByOption) {
  Credential client = MakeCredential(ClientTemplate("client"), &Intermediate());
  EXPECT_EQ(Verify({Intermediate()}, {&client}).reason(), "unknown_ca");
  EXPECT_EQ(Verify({Intermediate()}, {&client, &Root()}).reason(), "unknown_ca");
  ChainVerifier::Options options;
  options.partial_chain = true;
  EXPECT_TRUE(Verify({Intermediate()}, {&client}, options).ok());
  EXPECT_TRUE(Verify({Intermediate()}, {&client, &Root()}, options).ok());
}

TEST(ChainBuilding, ASelfSignedClientMayBeAnAnchorItself) {
  Credential client = MakeCredential(ClientTemplate("client"), nullptr);
  EXPECT_TRUE(Verify({client}, {&client}).ok());
  Credential namesake = MakeCredential(ClientTemplate("client"), nullptr);
  EXPECT_EQ(Verify({client}, {&namesake}).reason(), "unknown_ca");
  Credential issued = MakeCredential(ClientTemplate("issued"), &Root());
  EXPECT_FALSE(Verify({issued}, {&issued}).ok());
  ChainVerifier::Options options;
  options.partial_chain = true;
  EXPECT_TRUE(Verify({issued}, {&issued}, options).ok());
}

TEST(ChainBuilding, TwoCasThatCertifyEachOtherLeadNowhere) {
  Credential a = MakeCredential(CaTemplate("a"), nullptr);
  Credential b = MakeCredential(CaTemplate("b"), &a);
  Credential a_by_b = CrossSign("a", a, &b);
  Credential client = MakeCredential(ClientTemplate("client"), &a);
  EXPECT_EQ(Verify({Root()}, {&client, &a_by_b, &b}).reason(), "unknown_ca");
}

TEST(ChainBuilding, ThePathThatFitsBestSaysWhatIsWrong) {
  // A stranger under the name of the real issuer does not turn "expired" into
  // "unknown_ca" or "bad_signature".
  CertificateTemplate what = WithoutKeyId(ClientTemplate("client"));
  what.not_after = kNow - 1;
  Credential issuer = MakeCredential(CaTemplate("shared"), &Root());
  Credential stranger = MakeCredential(CaTemplate("shared"), nullptr);
  Credential client = MakeCredential(what, &issuer);
  for (const auto& chain : std::vector<std::vector<const Credential*>>{
           {&client, &stranger, &issuer}, {&client, &issuer, &stranger}}) {
    VerifyResult result = Verify({Root()}, chain);
    EXPECT_EQ(result.reason(), "expired");
    EXPECT_EQ(result.depth, 0);
  }
}

TEST(ChainBuilding, OfTwoPathsTheOneWithFewerFaultsIsTold) {
  // One cross-sign is for servers only and has expired, the other has only expired.
  Credential theirs = MakeCredential(CaTemplate("theirs"), nullptr);
  CertificateTemplate expired = CaTemplate("shared");
  expired.not_after = kNow - 1;
  CertificateTemplate worse = expired;
  worse.extended_key_usage = {"serverAuth"};
  Credential one = MakeCredential(expired, &Root());
  Credential other = CrossSign(worse, one, &theirs);
  Credential client = MakeCredential(ClientTemplate("client"), &one);
  EXPECT_EQ(Verify({Root(), theirs}, {&client, &other, &one}).reason(), "expired");
  EXPECT_EQ(Verify({Root(), theirs}, {&client, &one, &other}).reason(), "expired");
  EXPECT_EQ(Verify({Root(), theirs}, {&client, &other}).reason(), "wrong_purpose");
}

TEST(ChainBuilding, AMissingIssuerHigherUpIsNamed) {
  Credential hidden = MakeCredential(CaTemplate("hidden"), &Root());
  Credential lower = MakeCredential(CaTemplate("lower"), &hidden);
  Credential client = MakeCredential(ClientTemplate("client"), &lower);
  VerifyResult result = Verify({Root()}, {&client, &lower});
  EXPECT_EQ(result.reason(), "unknown_ca");
  EXPECT_EQ(result.depth, 1);
  EXPECT_THAT(result.detail, HasSubstr("CN=hidden"));
}

// ---- work that is bounded

// `ways[i][j]` is CA j certified by CA i; all know each other.
std::vector<Credential> FullyCrossSigned(int cas, bool same_name, bool same_key) {
  std::vector<Credential> roots, crosses;
  for (int i = 0; i < cas; ++i) {
    const std::string cn = same_name ? "cross" : "cross " + std::to_string(i);
    const CertificateTemplate what = WithoutKeyId(CaTemplate(cn));
    roots.push_back(same_key && i > 0 ? CrossSign(what, roots[0], nullptr)
                                      : MakeCredential(what, nullptr));
  }
  for (int i = 0; i < cas; ++i) {
    for (int j = 0; j < cas; ++j) {
      if (i == j) continue;
      const std::string cn = same_name ? "cross" : "cross " + std::to_string(j);
      crosses.push_back(CrossSign(WithoutKeyId(CaTemplate(cn)), roots[j], &roots[i]));
    }
  }
  return crosses;
}

class HostileBundle : public testing::TestWithParam<std::pair<bool, bool>> {};

TEST_P(HostileBundle, CostsMillisecondsWhereverItIs) {
  const auto [same_name, same_key] = GetParam();
  const std::vector<Credential> crosses = FullyCrossSigned(10, same_name, same_key);  // 90
  Credential client = MakeCredential(WithoutKeyId(ClientTemplate("client")), &crosses.front());
  std::vector<Credential> trusted = crosses;
  trusted.push_back(Root());
  std::vector<const Credential*> all = {&client}, alone = {&client};
  for (const Credential& cross : crosses) all.push_back(&cross);
  const ChainVerifier few(Trust({Root()}), {}), many(Trust(trusted), {});
  struct Case {
    const char* what;
    const ChainVerifier& verifier;
    const std::vector<const Credential*>& chain;
  };
  for (const Case& test :
       {Case{"presented", few, all}, Case{"trusted", many, alone}, Case{"both", many, all}}) {
    const double begin = CpuMilliseconds();
    const VerifyResult result = test.verifier.Verify(Chain(test.chain), kNow);
    const double cost = CpuMilliseconds() - begin;
    // Certificates of one name and one key are all self-signed: each is a root.
    const bool roots = same_name && same_key && &test.verifier == &many;
    EXPECT_EQ(result.ok(), roots) << test.what;
    EXPECT_LT(cost, 200) << test.what;  // ten times what it takes, for sanitizers
    std::printf("%s: %.1f ms, %s\n", test.what, cost, std::string(result.reason()).c_str());
  }
}

TEST_P(HostileBundle, DoesNotHideAPathThatIsThere) {
  const auto [same_name, same_key] = GetParam();
  const std::vector<Credential> crosses = FullyCrossSigned(10, same_name, same_key);
  const std::string cn = same_name ? "cross" : "cross 0";
  // One of the crossing CAs is certified by our root as well, and comes last.
  Credential way_out = CrossSign(WithoutKeyId(CaTemplate(cn)), crosses.back(), &Root());
  Credential client = MakeCredential(WithoutKeyId(ClientTemplate("client")), &way_out);
  std::vector<const Credential*> chain = {&client};
  for (const Credential& cross : crosses) chain.push_back(&cross);
  chain.push_back(&way_out);
  VerifyResult result = Verify({Root()}, chain);
  EXPECT_TRUE(result.ok()) << result.detail;
}

INSTANTIATE_TEST_SUITE_P(Kinds, HostileBundle,
                         testing::Values(std::pair(false, false), std::pair(false, true),
                                         std::pair(true, false), std::pair(true, true)));

TEST(ChainBuilding, OneNameInTwoEncodingsIsOneName) {
  const auto printable = [](CertificateTemplate what) {
    what.printable_issuer = true;
    return what;
  };
  const Credential root = MakeCredential(CaTemplate("Corp Root"), nullptr);
  const Credential ca = MakeCredential(printable(CaTemplate("Corp Issuing")), &root);
  const Credential client = MakeCredential(printable(ClientTemplate("client")), &ca);
  EXPECT_TRUE(Verify({root}, {&client, &ca}).ok());
  // A root that names itself in another way than others name it.
  const Credential odd = MakeCredential(printable(CaTemplate("Odd Root")), nullptr);
  const Credential below = MakeCredential(ClientTemplate("client"), &odd);
  EXPECT_TRUE(Verify({odd}, {&below}).ok());
}

TEST(ChainBuilding, AnAnchorWhoseNameOnlyLooksLikeTheIssuersIsTold) {
  const Credential root = MakeCredential(CaTemplate("Corp Root"), nullptr);
  const Credential other = MakeCredential(CaTemplate("C\xd0\xbe"
                                                     "rp Root"),
                                          nullptr);
  const Credential client = MakeCredential(ClientTemplate("client"), &root);
  const VerifyResult result = Verify({other}, {&client});
  EXPECT_EQ(result.reason(), "unknown_ca");
  EXPECT_THAT(result.detail, HasSubstr("the CN has U+006F in one and U+043E in the other"));
  const Credential unlike = MakeCredential(CaTemplate("Corp Root 2"), nullptr);
  EXPECT_THAT(Verify({unlike}, {&client}).detail, testing::Not(HasSubstr("look alike")));
}

// What a refusal says of names that look alike costs no more than the refusal.
TEST(ChainBuilding, AStrangersNameCostsMillisecondsHoweverLongItIs) {
  std::vector<Credential> anchors;
  const PrivateKeyPtr key = *GenerateKey(KeyType::kP256);
  for (int i = 0; i < 400; ++i) {
    const CertificateTemplate what = CaTemplate("Corp Root " + std::to_string(1000 + i));
    anchors.push_back({*Issue(what, *key, nullptr), key});
  }
  const ChainVerifier verifier(Trust(anchors), {});
  // Blanks without width, which look like nothing.
  std::string unseen;
  for (int i = 0; i < 20'000; ++i) unseen += "\xe2\x80\x8b";
  for (const std::string& cn : {"Corp Root 1399" + unseen, std::string("C\xd0\xbe"
                                                                       "rp Root 1399")}) {
    const Credential stranger = MakeCredential(CaTemplate(cn), nullptr);
    const Credential client = MakeCredential(ClientTemplate("client"), &stranger);
    const double begin = CpuMilliseconds();
    const VerifyResult result = verifier.Verify(Chain({&client}), kNow);
    const double cost = CpuMilliseconds() - begin;
    EXPECT_EQ(result.reason(), "unknown_ca");
    EXPECT_LT(cost, 40) << cn.size();  // ten times what it takes, for sanitizers
    std::printf("%zu bytes: %.1f ms\n", cn.size(), cost);
  }
}

ChainVerifier::Options PinnedTo(const std::vector<const Credential*>& cas) {
  ChainVerifier::Options options;
  for (const Credential* ca : cas) {
    options.ca_pins.push_back(ca->certificate->public_key().spki_sha256);
  }
  return options;
}

TEST(CaPins, AnyCaOfThePathMayBeThePinnedOne) {
  const Credential ca = MakeCredential(CaTemplate("ca"), &Intermediate());
  const Credential client = MakeCredential(ClientTemplate("client"), &ca);
  const Credential other = MakeCredential(CaTemplate("other"), nullptr);
  const auto reason = [&](const std::vector<const Credential*>& pins) {
    return std::string(Verify({Root()}, {&client, &ca, &Intermediate()}, PinnedTo(pins)).reason());
  };
  EXPECT_EQ(reason({&ca}), "");
  EXPECT_EQ(reason({&Intermediate()}), "");
  EXPECT_EQ(reason({&other, &Root()}), "");
  EXPECT_EQ(reason({&other}), "not_pinned");
  // The client's own key is no CA's, nor is that of a CA that is presented beside the path.
  EXPECT_EQ(reason({&client}), "not_pinned");
  EXPECT_EQ(Verify({Root()}, {&client, &ca, &Intermediate(), &other}, PinnedTo({&other})).reason(),
            "not_pinned");
  const VerifyResult result = Verify({Root()}, {&client, &ca, &Intermediate()}, PinnedTo({&other}));
  EXPECT_THAT(result.detail, HasSubstr("ca_pins: [" + ca.certificate->public_key().spki_sha256));
  EXPECT_EQ(result.depth, 0);
}

TEST(CaPins, ArePartOfWhatDecides) {
  const auto id = [](ChainVerifier::Options options) {
    return ChainVerifier(Trust({Root()}), std::move(options)).id();
  };
  const Credential& a = Root();
  const Credential& b = Intermediate();
  EXPECT_NE(id({}), id(PinnedTo({&a})));
  EXPECT_NE(id(PinnedTo({&a})), id(PinnedTo({&b})));
  EXPECT_NE(id(PinnedTo({&a})), id(PinnedTo({&a, &b})));
  EXPECT_EQ(id(PinnedTo({&a, &b})), id(PinnedTo({&b, &a})));
}

TEST(CaPins, OfSeveralPathsOneWithAPinnedCaIsFound) {
  const Credential client = MakeCredential(ClientTemplate("client"), &Intermediate());
  std::vector<Credential> roots = {Root()}, crosses;
  for (int i = 0; i < 20; ++i) {
    roots.push_back(MakeCredential(CaTemplate("root " + std::to_string(i)), nullptr));
    crosses.push_back(CrossSign("intermediate", Intermediate(), &roots.back()));
  }
  std::vector<const Credential*> chain = {&client, &Intermediate()};
  for (const Credential& cross : crosses) chain.push_back(&cross);
  for (const Credential& root : roots) {
    EXPECT_TRUE(Verify(roots, chain, PinnedTo({&root})).ok());
  }
  const Credential stranger = MakeCredential(CaTemplate("stranger"), nullptr);
  EXPECT_EQ(Verify(roots, chain, PinnedTo({&stranger})).reason(), "not_pinned");
}

TEST(CaPins, OnlyAddToWhatAGoodChainNeeds) {
  CertificateTemplate what = ClientTemplate("client");
  what.not_after = kNow - 1;
  const Credential expired = MakeCredential(what, &Root());
  EXPECT_EQ(Verify({Root()}, {&expired}, PinnedTo({&Root()})).reason(), "expired");
  const Credential stranger = MakeCredential(CaTemplate("stranger"), nullptr);
  const Credential theirs = MakeCredential(ClientTemplate("theirs"), &stranger);
  EXPECT_EQ(Verify({Root()}, {&theirs, &stranger}, PinnedTo({&stranger})).reason(), "unknown_ca");
}

}  // namespace
}  // namespace mantlet::tls
