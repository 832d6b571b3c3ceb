#include "proxy/tls/chain_verifier.h"

#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proxy/tls/certificate_names.h"
#include "test/proxy/tls/pki.h"

namespace mantlet::tls {
namespace {

using testing::HasSubstr;

ChainVerifier Verifier(const std::vector<Credential>& anchors, int max_depth = 4) {
  return ChainVerifier(Trust(anchors), {ChainVerifier::Purpose::kClientAuth, max_depth});
}

TEST(ChainVerifier, AcceptsAClientBelowAnIntermediateThatItSends) {
  Credential client = MakeCredential(ClientTemplate("client"), &Intermediate());
  VerifyResult result = Verifier({Root()}).Verify(Chain({&client, &Intermediate()}), kNow);
  EXPECT_TRUE(result.ok()) << result.detail;
  EXPECT_EQ(result.reason(), "");
}

TEST(ChainVerifier, AcceptsEveryKindOfStrongKey) {
  for (KeyType type : {KeyType::kP256, KeyType::kP384, KeyType::kEd25519, KeyType::kRsa2048}) {
    Credential root = MakeCredential(CaTemplate("root"), nullptr, type);
    Credential client = MakeCredential(ClientTemplate("client"), &root, type);
    VerifyResult result = Verifier({root}).Verify(Chain({&client}), kNow);
    EXPECT_TRUE(result.ok()) << result.detail;
  }
}

TEST(ChainVerifier, AcceptsIntermediatesInAnyOrderAndIgnoresStrangers) {
  Credential lower = MakeCredential(CaTemplate("lower"), &Intermediate());
  Credential client = MakeCredential(ClientTemplate("client"), &lower);
  Credential stranger = MakeCredential(CaTemplate("stranger"), nullptr);
  EXPECT_TRUE(
      Verifier({Root()}).Verify(Chain({&client, &stranger, &Intermediate(), &lower}), kNow).ok());
}

TEST(ChainVerifier, AClientWithoutExtendedKeyUsageIsAccepted) {
  CertificateTemplate what = ClientTemplate("client");
  what.extended_key_usage = {};
  Credential client = MakeCredential(what, &Root());
  EXPECT_TRUE(Verifier({Root()}).Verify(Chain({&client}), kNow).ok());
}

TEST(ChainVerifier, SaysUntilWhenThePathHolds) {
  CertificateTemplate brief = CaTemplate("brief");
  brief.not_after = kNow + 3 * kDay;
  Credential intermediate = MakeCredential(brief, &Root());
  Credential client = MakeCredential(ClientTemplate("client"), &intermediate);
  VerifyResult result = Verifier({Root()}).Verify(Chain({&client, &intermediate}), kNow);
  ASSERT_TRUE(result.ok()) << result.detail;
  EXPECT_EQ(result.valid_until, kNow + 3 * kDay + 1);  // notAfter itself still counts
}

TEST(ChainVerifier, UnknownCaNamesTheIssuerThatIsMissing) {
  Credential stranger = MakeCredential(CaTemplate("stranger"), nullptr);
  CertificateTemplate what = ClientTemplate("client");
  what.serial_hex = "0badcafe";
  Credential client = MakeCredential(what, &stranger);
  VerifyResult result = Verifier({Root()}).Verify(Chain({&client}), kNow);
  EXPECT_EQ(result.reason(), "unknown_ca");
  EXPECT_EQ(result.depth, 0);
  EXPECT_EQ(result.subject, "CN=client");
  EXPECT_EQ(result.issuer, "CN=stranger");
  EXPECT_EQ(result.serial, "0badcafe");
  EXPECT_EQ(result.not_after, what.not_after);
  EXPECT_THAT(result.detail, HasSubstr("CN=stranger"));
}

TEST(ChainVerifier, ARefusalSaysNoMoreOfLongNamesThanARecordCanTake) {
  const std::string ones(30'000, '\x01'), letters(200, 'x');
  const auto refuse = [](const std::string& ca, const std::string& cn, const std::string& serial) {
    const Credential stranger = MakeCredential(CaTemplate(ca), nullptr);
    CertificateTemplate what = ClientTemplate(cn);
    what.serial_hex = serial;
    const Credential client = MakeCredential(what, &stranger);
    return Verifier({Root()}).Verify(Chain({&client}), kNow);
  };
  const VerifyResult cut = refuse("stranger " + ones, "client " + ones, "");
  EXPECT_EQ(cut.reason(), "unknown_ca");
  EXPECT_LT(cut.subject.size() + cut.issuer.size() + cut.detail.size(), 2500u);
  EXPECT_THAT(cut.subject, testing::StartsWith("CN=client \\01"));
  EXPECT_THAT(cut.subject, testing::EndsWith("..."));
  EXPECT_THAT(cut.detail, testing::EndsWith("nor among the certificates presented"));
  const VerifyResult whole = refuse("stranger " + letters, "client " + letters, "0badcafe");
  EXPECT_EQ(whole.subject, "CN=client " + letters);
  EXPECT_EQ(whole.issuer, "CN=stranger " + letters);
  EXPECT_EQ(whole.serial, "0badcafe");
}

TEST(CertificateNames, AreShortenedBetweenCharacters) {
  EXPECT_EQ(Shortened("abc", 3), "abc");
  EXPECT_EQ(Shortened("abcd", 3), "abc...");
  EXPECT_EQ(Shortened("ab\xe2\x82\xac", 5), "ab\xe2\x82\xac");
  EXPECT_EQ(Shortened("ab\xe2\x82\xac!", 4), "ab...");
  EXPECT_EQ(Shortened("\x80\x80\x80", 2), "...");
}

TEST(ChainVerifier, AMissingIntermediateIsAnUnknownCa) {
  Credential client = MakeCredential(ClientTemplate("client"), &Intermediate());
  EXPECT_EQ(Verifier({Root()}).Verify(Chain({&client}), kNow).reason(), "unknown_ca");
}

TEST(ChainVerifier, SendingOnesOwnRootAlongDoesNotHelp) {
  Credential stranger = MakeCredential(CaTemplate("stranger"), nullptr);
  Credential client = MakeCredential(ClientTemplate("client"), &stranger);
  EXPECT_EQ(Verifier({Root()}).Verify(Chain({&client, &stranger}), kNow).reason(), "unknown_ca");
}

TEST(ChainVerifier, ASelfSignedClientIsAnUnknownCa) {
  Credential client = MakeCredential(ClientTemplate("client"), nullptr);
  EXPECT_EQ(Verifier({Root()}).Verify(Chain({&client}), kNow).reason(), "unknown_ca");
}

TEST(ChainVerifier, ARootOfTheSameNameWithAnotherKeyIsNoIssuer) {
  Credential impostor = MakeCredential(CaTemplate("root"), nullptr);
  Credential client = MakeCredential(ClientTemplate("client"), &impostor);
  EXPECT_FALSE(Verifier({Root()}).Verify(Chain({&client}), kNow).ok());
}

TEST(ChainVerifier, ExpiryIsJudgedAtTheGivenTime) {
  CertificateTemplate what = ClientTemplate("client");
  Credential client = MakeCredential(what, &Root());
  ChainVerifier verifier = Verifier({Root()});
  EXPECT_TRUE(verifier.Verify(Chain({&client}), what.not_after).ok());
  VerifyResult late = verifier.Verify(Chain({&client}), what.not_after + 1);
  EXPECT_EQ(late.reason(), "expired");
  EXPECT_EQ(late.not_after, what.not_after);
  EXPECT_TRUE(verifier.Verify(Chain({&client}), what.not_before).ok());
  EXPECT_EQ(verifier.Verify(Chain({&client}), what.not_before - 1).reason(), "not_yet_valid");
}

TEST(ChainVerifier, AnExpiredClientIsAtDepthZeroAndItsCaAboveIt) {
  CertificateTemplate what = ClientTemplate("client");
  what.not_after = kNow - 1;
  Credential client = MakeCredential(what, &Root());
  EXPECT_EQ(Verifier({Root()}).Verify(Chain({&client}), kNow).depth, 0);

  CertificateTemplate old = CaTemplate("old");
  old.not_after = kNow - 1;
  Credential intermediate = MakeCredential(old, &Root());
  Credential below = MakeCredential(ClientTemplate("client"), &intermediate);
  VerifyResult result = Verifier({Root()}).Verify(Chain({&below, &intermediate}), kNow);
  EXPECT_EQ(result.reason(), "expired");
  EXPECT_EQ(result.depth, 1);
  EXPECT_EQ(result.subject, "CN=old");
}

TEST(ChainVerifier, AServerCertificateIsNoClient) {
  Credential server = MakeCredential(ServerTemplate("server", {"s.example"}), &Root());
  VerifyResult result = Verifier({Root()}).Verify(Chain({&server}), kNow);
  EXPECT_EQ(result.reason(), "wrong_purpose");
  EXPECT_EQ(result.depth, 0);
}

TEST(ChainVerifier, AnIntermediateForServersOnlyCertifiesNoClients) {
  CertificateTemplate what = CaTemplate("servers only");
  what.extended_key_usage = {"serverAuth"};
  Credential intermediate = MakeCredential(what, &Root());
  Credential client = MakeCredential(ClientTemplate("client"), &intermediate);
  VerifyResult result = Verifier({Root()}).Verify(Chain({&client, &intermediate}), kNow);
  EXPECT_EQ(result.reason(), "wrong_purpose");
  EXPECT_EQ(result.depth, 1);
}

TEST(ChainVerifier, ALeafMayNotIssue) {
  Credential leaf = MakeCredential(ClientTemplate("leaf"), &Root());
  Credential client = MakeCredential(ClientTemplate("client"), &leaf);
  EXPECT_FALSE(Verifier({Root()}).Verify(Chain({&client, &leaf}), kNow).ok());
}

TEST(ChainVerifier, ALeafWithTheRightToSignMayNotIssueEither) {
  CertificateTemplate what = ClientTemplate("leaf");
  what.key_usage = {"digitalSignature", "keyCertSign"};
  Credential leaf = MakeCredential(what, &Root());
  Credential client = MakeCredential(ClientTemplate("client"), &leaf);
  EXPECT_EQ(Verifier({Root()}).Verify(Chain({&client, &leaf}), kNow).reason(), "wrong_purpose");
}

TEST(ChainVerifier, PathLengthConstraintsHold) {
  CertificateTemplate what = CaTemplate("short");
  what.path_length = 0;
  Credential upper = MakeCredential(what, &Root());
  Credential lower = MakeCredential(CaTemplate("lower"), &upper);
  Credential client = MakeCredential(ClientTemplate("client"), &lower);
  EXPECT_EQ(Verifier({Root()}).Verify(Chain({&client, &lower, &upper}), kNow).reason(),
            "path_too_long");
}

TEST(ChainVerifier, MaxDepthCountsTheIntermediates) {
  Credential lower = MakeCredential(CaTemplate("lower"), &Intermediate());
  Credential client = MakeCredential(ClientTemplate("client"), &lower);
  std::vector<std::string_view> chain = Chain({&client, &lower, &Intermediate()});
  EXPECT_TRUE(Verifier({Root()}, 2).Verify(chain, kNow).ok());
  EXPECT_EQ(Verifier({Root()}, 1).Verify(chain, kNow).reason(), "path_too_long");
  Credential direct = MakeCredential(ClientTemplate("client"), &Root());
  EXPECT_TRUE(Verifier({Root()}, 0).Verify(Chain({&direct}), kNow).ok());
}

TEST(ChainVerifier, NameConstraintsHold) {
  CertificateTemplate what = CaTemplate("constrained");
  what.permitted_dns = {"good.example"};
  Credential ca = MakeCredential(what, &Root());
  CertificateTemplate inside = ClientTemplate("client");
  inside.san.dns = {"a.good.example"};
  CertificateTemplate outside = ClientTemplate("client");
  outside.san.dns = {"a.bad.example"};
  Credential good = MakeCredential(inside, &ca), bad = MakeCredential(outside, &ca);
  ChainVerifier verifier = Verifier({Root()});
  EXPECT_TRUE(verifier.Verify(Chain({&good, &ca}), kNow).ok());
  EXPECT_EQ(verifier.Verify(Chain({&bad, &ca}), kNow).reason(), "name_constraint");
}

TEST(ChainVerifier, WeakKeysAreRefusedWhereverTheyStand) {
  Credential weak = MakeCredential(ClientTemplate("client"), &Root(), KeyType::kRsa1024);
  VerifyResult leaf = Verifier({Root()}).Verify(Chain({&weak}), kNow);
  EXPECT_EQ(leaf.reason(), "weak_key");
  EXPECT_EQ(leaf.depth, 0);
  EXPECT_THAT(leaf.detail, HasSubstr("RSA 1024"));

  Credential curve = MakeCredential(ClientTemplate("client"), &Root(), KeyType::kP224);
  EXPECT_EQ(Verifier({Root()}).Verify(Chain({&curve}), kNow).reason(), "weak_key");

  Credential weak_ca = MakeCredential(CaTemplate("weak"), &Root(), KeyType::kRsa1024);
  Credential below = MakeCredential(ClientTemplate("client"), &weak_ca);
  VerifyResult result = Verifier({Root()}).Verify(Chain({&below, &weak_ca}), kNow);
  EXPECT_EQ(result.reason(), "weak_key");
  EXPECT_EQ(result.depth, 1);

  Credential weak_root = MakeCredential(CaTemplate("weak root"), nullptr, KeyType::kRsa1024);
  Credential under = MakeCredential(ClientTemplate("client"), &weak_root);
  EXPECT_EQ(Verifier({weak_root}).Verify(Chain({&under}), kNow).reason(), "weak_key");
}

TEST(ChainVerifier, Sha1SignaturesAreRefusedExceptTheTrustAnchorsOwn) {
  CertificateTemplate sha1_root = CaTemplate("sha1 root");
  sha1_root.digest = CertificateTemplate::Digest::kSha1;
  Credential root = MakeCredential(sha1_root, nullptr);
  Credential client = MakeCredential(ClientTemplate("client"), &root);
  EXPECT_TRUE(Verifier({root}).Verify(Chain({&client}), kNow).ok());

  CertificateTemplate sha1_client = ClientTemplate("client");
  sha1_client.digest = CertificateTemplate::Digest::kSha1;
  Credential weak = MakeCredential(sha1_client, &root);
  VerifyResult result = Verifier({root}).Verify(Chain({&weak}), kNow);
  EXPECT_EQ(result.reason(), "weak_key");
  EXPECT_THAT(result.detail, HasSubstr("SHA-1"));
}

TEST(ChainVerifier, ATrustAnchorsOwnSignatureMayBeOfAKindThatNobodyChecksAnyMore) {
  const Credential root = Md5Root();
  EXPECT_TRUE(root.certificate->self_signed());
  Credential client = MakeCredential(ClientTemplate("client"), &root);
  EXPECT_TRUE(Verifier({root}).Verify(Chain({&client}), kNow).ok());
}

TEST(ChainVerifier, ADamagedSignatureIsABadSignature) {
  Credential client = MakeCredential(ClientTemplate("client"), &Root());
  std::string der = client.certificate->der();
  der.back() = static_cast<char>(der.back() ^ 1);
  std::vector<std::string_view> chain = {der};
  VerifyResult result = Verifier({Root()}).Verify(chain, kNow);
  EXPECT_EQ(result.reason(), "bad_signature");
  EXPECT_EQ(result.subject, "CN=client");
}

TEST(ChainVerifier, GarbageIsAnInvalidCertificate) {
  ChainVerifier verifier = Verifier({Root()});
  EXPECT_EQ(verifier.Verify(std::vector<std::string_view>{"garbage"}, kNow).reason(),
            "invalid_certificate");
  EXPECT_EQ(verifier.Verify(std::vector<std::string_view>{}, kNow).reason(), "invalid_certificate");
  EXPECT_EQ(verifier.Verify(std::vector<std::string_view>{""}, kNow).reason(),
            "invalid_certificate");
  Credential client = MakeCredential(ClientTemplate("client"), &Root());
  VerifyResult second =
      verifier.Verify(std::vector<std::string_view>{client.certificate->der(), "x"}, kNow);
  EXPECT_EQ(second.reason(), "invalid_certificate");
  EXPECT_THAT(second.detail, HasSubstr("certificate 2"));
}

TEST(ChainVerifier, TooManyCertificatesAreRefusedUnread) {
  Credential client = MakeCredential(ClientTemplate("client"), &Root());
  std::vector<std::string_view> chain(PresentedChain::kMaxCertificates + 1,
                                      client.certificate->der());
  EXPECT_EQ(Verifier({Root()}).Verify(chain, kNow).reason(), "invalid_certificate");
  chain.pop_back();
  EXPECT_TRUE(Verifier({Root()}).Verify(chain, kNow).ok());
}

TEST(ChainVerifier, AnUnknownCriticalExtensionIsAnInvalidCertificate) {
  CertificateTemplate what = ClientTemplate("client");
  what.raw_extensions = {{"1.2.3.4.5", true, std::string("\x05\x00", 2)}};
  Credential client = MakeCredential(what, &Root());
  EXPECT_EQ(Verifier({Root()}).Verify(Chain({&client}), kNow).reason(), "invalid_certificate");
}

TEST(ChainVerifier, TwoAnchorsOfOneNameBothCount) {
  Credential other = MakeCredential(CaTemplate("root"), nullptr);
  Credential first = MakeCredential(ClientTemplate("client"), &Root());
  Credential second = MakeCredential(ClientTemplate("client"), &other);
  ChainVerifier verifier = Verifier({Root(), other});
  EXPECT_TRUE(verifier.Verify(Chain({&first}), kNow).ok());
  EXPECT_TRUE(verifier.Verify(Chain({&second}), kNow).ok());
}

TEST(ChainVerifier, TwoAnchorsOfOneNameBothCountWithoutKeyIdentifiers) {
  std::vector<Credential> anchors;
  for (int i = 0; i < 4; ++i) {
    CertificateTemplate what = CaTemplate("rolled over");
    what.no_authority_key_id = true;
    anchors.push_back(MakeCredential(what, nullptr));
  }
  ChainVerifier verifier = Verifier(anchors);
  for (const Credential& anchor : anchors) {
    CertificateTemplate what = ClientTemplate("client");
    what.no_authority_key_id = true;
    Credential client = MakeCredential(what, &anchor);
    VerifyResult result = verifier.Verify(Chain({&client}), kNow);
    EXPECT_TRUE(result.ok()) << result.detail;
    what.not_after = kNow - 1;
    Credential expired = MakeCredential(what, &anchor);
    EXPECT_EQ(verifier.Verify(Chain({&expired}), kNow).reason(), "expired");
  }
  CertificateTemplate what = CaTemplate("rolled over");
  Credential impostor = MakeCredential(what, nullptr);
  what = ClientTemplate("client");
  what.no_authority_key_id = true;
  Credential client = MakeCredential(what, &impostor);
  EXPECT_EQ(verifier.Verify(Chain({&client}), kNow).reason(), "bad_signature");
}

TEST(ChainVerifier, ServesManyThreadsAtOnce) {
  Credential good = MakeCredential(ClientTemplate("good"), &Intermediate());
  Credential bad = MakeCredential(ServerTemplate("bad", {}), &Intermediate());
  const ChainVerifier verifier = Verifier({Root()});
  std::vector<std::thread> threads;
  std::vector<int> right(4, 0);
  for (size_t t = 0; t < right.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        right[t] += verifier.Verify(Chain({&good, &Intermediate()}), kNow).ok();
        right[t] +=
            verifier.Verify(Chain({&bad, &Intermediate()}), kNow).reason() == "wrong_purpose";
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(right, testing::Each(100));
}

TEST(TrustStore, IsASet) {
  TrustStorePtr a = Trust({Root(), Intermediate()});
  EXPECT_EQ(a->id(), Trust({Intermediate(), Root(), Root()})->id());
  EXPECT_NE(a->id(), Trust({Root()})->id());
  EXPECT_EQ(a->anchors().size(), 2u);
  EXPECT_EQ(a->subject_names_der().size(), 2u);
  EXPECT_TRUE(a->Contains(*Root().certificate));
  EXPECT_FALSE(Trust({Root()})->Contains(*Intermediate().certificate));
}

TEST(TrustStore, RefusesToBeEmpty) { EXPECT_FALSE(TrustStore::Create({}).ok()); }

}  // namespace
}  // namespace mantlet::tls
