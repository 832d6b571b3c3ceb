#include "proxy/verify/chain_verifier.h"

#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proxy/x509/certificate_names.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::verify {
namespace {

using testing::HasSubstr;

ChainVerifier Verifier(const std::vector<x509::Credential>& anchors, int max_depth = 4) {
  return ChainVerifier(x509::Trust(anchors), {ChainVerifier::Purpose::kClientAuth, max_depth});
}

TEST(ChainVerifier, AcceptsAClientBelowAnIntermediateThatItSends) {
  x509::Credential client =
      x509::MakeCredential(x509::ClientTemplate("client"), &x509::Intermediate());
  VerifyResult result =
      Verifier({x509::Root()}).Verify(x509::Chain({&client, &x509::Intermediate()}), x509::kNow);
  EXPECT_TRUE(result.ok()) << result.detail;
  EXPECT_EQ(result.reason(), "");
}

TEST(ChainVerifier, AcceptsEveryKindOfStrongKey) {
  for (x509::KeyType type : {x509::KeyType::kP256, x509::KeyType::kP384, x509::KeyType::kEd25519,
                             x509::KeyType::kRsa2048}) {
    x509::Credential root = x509::MakeCredential(x509::CaTemplate("root"), nullptr, type);
    x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &root, type);
    VerifyResult result = Verifier({root}).Verify(x509::Chain({&client}), x509::kNow);
    EXPECT_TRUE(result.ok()) << result.detail;
  }
}

TEST(ChainVerifier, AcceptsIntermediatesInAnyOrderAndIgnoresUnrelatedOnes) {
  x509::Credential lower = x509::MakeCredential(x509::CaTemplate("lower"), &x509::Intermediate());
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &lower);
  x509::Credential stranger = x509::MakeCredential(x509::CaTemplate("stranger"), nullptr);
  EXPECT_TRUE(
      Verifier({x509::Root()})
          .Verify(x509::Chain({&client, &stranger, &x509::Intermediate(), &lower}), x509::kNow)
          .ok());
}

TEST(ChainVerifier, AClientWithoutExtendedKeyUsageIsAccepted) {
  x509::CertificateTemplate what = x509::ClientTemplate("client");
  what.extended_key_usage = {};
  x509::Credential client = x509::MakeCredential(what, &x509::Root());
  EXPECT_TRUE(Verifier({x509::Root()}).Verify(x509::Chain({&client}), x509::kNow).ok());
}

TEST(ChainVerifier, ReportsUntilWhenThePathIsValid) {
  x509::CertificateTemplate brief = x509::CaTemplate("brief");
  brief.not_after = x509::kNow + 3 * x509::kDay;
  x509::Credential intermediate = x509::MakeCredential(brief, &x509::Root());
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &intermediate);
  VerifyResult result =
      Verifier({x509::Root()}).Verify(x509::Chain({&client, &intermediate}), x509::kNow);
  ASSERT_TRUE(result.ok()) << result.detail;
  EXPECT_EQ(result.valid_until, x509::kNow + 3 * x509::kDay + 1);  // notAfter itself still counts
}

TEST(ChainVerifier, UnknownCaNamesTheIssuerThatIsMissing) {
  x509::Credential stranger = x509::MakeCredential(x509::CaTemplate("stranger"), nullptr);
  x509::CertificateTemplate what = x509::ClientTemplate("client");
  what.serial_hex = "0badcafe";
  x509::Credential client = x509::MakeCredential(what, &stranger);
  VerifyResult result = Verifier({x509::Root()}).Verify(x509::Chain({&client}), x509::kNow);
  EXPECT_EQ(result.reason(), "unknown_ca");
  EXPECT_EQ(result.depth, 0);
  EXPECT_EQ(result.subject, "CN=client");
  EXPECT_EQ(result.issuer, "CN=stranger");
  EXPECT_EQ(result.serial, "0badcafe");
  EXPECT_EQ(result.not_after, what.not_after);
  EXPECT_THAT(result.detail, HasSubstr("CN=stranger"));
}

TEST(ChainVerifier, LongNamesAreShortenedInARejection) {
  const std::string ones(30'000, '\x01'), letters(200, 'x');
  const auto refuse = [](const std::string& ca, const std::string& cn, const std::string& serial) {
    const x509::Credential stranger = x509::MakeCredential(x509::CaTemplate(ca), nullptr);
    x509::CertificateTemplate what = x509::ClientTemplate(cn);
    what.serial_hex = serial;
    const x509::Credential client = x509::MakeCredential(what, &stranger);
    return Verifier({x509::Root()}).Verify(x509::Chain({&client}), x509::kNow);
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
  EXPECT_EQ(x509::Shortened("abc", 3), "abc");
  EXPECT_EQ(x509::Shortened("abcd", 3), "abc...");
  EXPECT_EQ(x509::Shortened("ab\xe2\x82\xac", 5), "ab\xe2\x82\xac");
  EXPECT_EQ(x509::Shortened("ab\xe2\x82\xac!", 4), "ab...");
  EXPECT_EQ(x509::Shortened("\x80\x80\x80", 2), "...");
}

TEST(ChainVerifier, AMissingIntermediateIsAnUnknownCa) {
  x509::Credential client =
      x509::MakeCredential(x509::ClientTemplate("client"), &x509::Intermediate());
  EXPECT_EQ(Verifier({x509::Root()}).Verify(x509::Chain({&client}), x509::kNow).reason(),
            "unknown_ca");
}

TEST(ChainVerifier, SendingOnesOwnRootAlongDoesNotHelp) {
  x509::Credential stranger = x509::MakeCredential(x509::CaTemplate("stranger"), nullptr);
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &stranger);
  EXPECT_EQ(Verifier({x509::Root()}).Verify(x509::Chain({&client, &stranger}), x509::kNow).reason(),
            "unknown_ca");
}

TEST(ChainVerifier, ASelfSignedClientIsAnUnknownCa) {
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), nullptr);
  EXPECT_EQ(Verifier({x509::Root()}).Verify(x509::Chain({&client}), x509::kNow).reason(),
            "unknown_ca");
}

TEST(ChainVerifier, ARootOfTheSameNameWithAnotherKeyIsNoIssuer) {
  x509::Credential impostor = x509::MakeCredential(x509::CaTemplate("root"), nullptr);
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &impostor);
  EXPECT_FALSE(Verifier({x509::Root()}).Verify(x509::Chain({&client}), x509::kNow).ok());
}

TEST(ChainVerifier, ExpiryIsCheckedAtTheGivenTime) {
  x509::CertificateTemplate what = x509::ClientTemplate("client");
  x509::Credential client = x509::MakeCredential(what, &x509::Root());
  ChainVerifier verifier = Verifier({x509::Root()});
  EXPECT_TRUE(verifier.Verify(x509::Chain({&client}), what.not_after).ok());
  VerifyResult late = verifier.Verify(x509::Chain({&client}), what.not_after + 1);
  EXPECT_EQ(late.reason(), "expired");
  EXPECT_EQ(late.not_after, what.not_after);
  EXPECT_TRUE(verifier.Verify(x509::Chain({&client}), what.not_before).ok());
  EXPECT_EQ(verifier.Verify(x509::Chain({&client}), what.not_before - 1).reason(), "not_yet_valid");
}

TEST(ChainVerifier, AnExpiredClientIsAtDepthZeroAndItsCaAboveIt) {
  x509::CertificateTemplate what = x509::ClientTemplate("client");
  what.not_after = x509::kNow - 1;
  x509::Credential client = x509::MakeCredential(what, &x509::Root());
  EXPECT_EQ(Verifier({x509::Root()}).Verify(x509::Chain({&client}), x509::kNow).depth, 0);

  x509::CertificateTemplate old = x509::CaTemplate("old");
  old.not_after = x509::kNow - 1;
  x509::Credential intermediate = x509::MakeCredential(old, &x509::Root());
  x509::Credential below = x509::MakeCredential(x509::ClientTemplate("client"), &intermediate);
  VerifyResult result =
      Verifier({x509::Root()}).Verify(x509::Chain({&below, &intermediate}), x509::kNow);
  EXPECT_EQ(result.reason(), "expired");
  EXPECT_EQ(result.depth, 1);
  EXPECT_EQ(result.subject, "CN=old");
}

TEST(ChainVerifier, AServerCertificateIsNoClient) {
  x509::Credential server =
      x509::MakeCredential(x509::ServerTemplate("server", {"s.example"}), &x509::Root());
  VerifyResult result = Verifier({x509::Root()}).Verify(x509::Chain({&server}), x509::kNow);
  EXPECT_EQ(result.reason(), "wrong_purpose");
  EXPECT_EQ(result.depth, 0);
}

TEST(ChainVerifier, AnIntermediateForServersOnlyCertifiesNoClients) {
  x509::CertificateTemplate what = x509::CaTemplate("servers only");
  what.extended_key_usage = {"serverAuth"};
  x509::Credential intermediate = x509::MakeCredential(what, &x509::Root());
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &intermediate);
  VerifyResult result =
      Verifier({x509::Root()}).Verify(x509::Chain({&client, &intermediate}), x509::kNow);
  EXPECT_EQ(result.reason(), "wrong_purpose");
  EXPECT_EQ(result.depth, 1);
}

TEST(ChainVerifier, ALeafMayNotIssue) {
  x509::Credential leaf = x509::MakeCredential(x509::ClientTemplate("leaf"), &x509::Root());
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &leaf);
  EXPECT_FALSE(Verifier({x509::Root()}).Verify(x509::Chain({&client, &leaf}), x509::kNow).ok());
}

TEST(ChainVerifier, ALeafWithTheRightToSignMayNotIssueEither) {
  x509::CertificateTemplate what = x509::ClientTemplate("leaf");
  what.key_usage = {"digitalSignature", "keyCertSign"};
  x509::Credential leaf = x509::MakeCredential(what, &x509::Root());
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &leaf);
  EXPECT_EQ(Verifier({x509::Root()}).Verify(x509::Chain({&client, &leaf}), x509::kNow).reason(),
            "wrong_purpose");
}

TEST(ChainVerifier, PathLengthConstraintsHold) {
  x509::CertificateTemplate what = x509::CaTemplate("short");
  what.path_length = 0;
  x509::Credential upper = x509::MakeCredential(what, &x509::Root());
  x509::Credential lower = x509::MakeCredential(x509::CaTemplate("lower"), &upper);
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &lower);
  EXPECT_EQ(
      Verifier({x509::Root()}).Verify(x509::Chain({&client, &lower, &upper}), x509::kNow).reason(),
      "path_too_long");
}

TEST(ChainVerifier, MaxDepthCountsTheIntermediates) {
  x509::Credential lower = x509::MakeCredential(x509::CaTemplate("lower"), &x509::Intermediate());
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &lower);
  std::vector<std::string_view> chain = x509::Chain({&client, &lower, &x509::Intermediate()});
  EXPECT_TRUE(Verifier({x509::Root()}, 2).Verify(chain, x509::kNow).ok());
  EXPECT_EQ(Verifier({x509::Root()}, 1).Verify(chain, x509::kNow).reason(), "path_too_long");
  x509::Credential direct = x509::MakeCredential(x509::ClientTemplate("client"), &x509::Root());
  EXPECT_TRUE(Verifier({x509::Root()}, 0).Verify(x509::Chain({&direct}), x509::kNow).ok());
}

TEST(ChainVerifier, NameConstraintsHold) {
  x509::CertificateTemplate what = x509::CaTemplate("constrained");
  x509::AddNameConstraints({"good.example"}, {}, &what);
  x509::Credential ca = x509::MakeCredential(what, &x509::Root());
  x509::CertificateTemplate inside = x509::ClientTemplate("client");
  inside.san.dns = {"a.good.example"};
  x509::CertificateTemplate outside = x509::ClientTemplate("client");
  outside.san.dns = {"a.bad.example"};
  x509::Credential good = x509::MakeCredential(inside, &ca),
                   bad = x509::MakeCredential(outside, &ca);
  ChainVerifier verifier = Verifier({x509::Root()});
  EXPECT_TRUE(verifier.Verify(x509::Chain({&good, &ca}), x509::kNow).ok());
  EXPECT_EQ(verifier.Verify(x509::Chain({&bad, &ca}), x509::kNow).reason(), "name_constraint");
}

TEST(ChainVerifier, WeakKeysAreRejectedAnywhereOnThePath) {
  x509::Credential weak =
      x509::MakeCredential(x509::ClientTemplate("client"), &x509::Root(), x509::KeyType::kRsa1024);
  VerifyResult leaf = Verifier({x509::Root()}).Verify(x509::Chain({&weak}), x509::kNow);
  EXPECT_EQ(leaf.reason(), "weak_key");
  EXPECT_EQ(leaf.depth, 0);
  EXPECT_THAT(leaf.detail, HasSubstr("RSA 1024"));

  x509::Credential curve =
      x509::MakeCredential(x509::ClientTemplate("client"), &x509::Root(), x509::KeyType::kP224);
  EXPECT_EQ(Verifier({x509::Root()}).Verify(x509::Chain({&curve}), x509::kNow).reason(),
            "weak_key");

  x509::Credential weak_ca =
      x509::MakeCredential(x509::CaTemplate("weak"), &x509::Root(), x509::KeyType::kRsa1024);
  x509::Credential below = x509::MakeCredential(x509::ClientTemplate("client"), &weak_ca);
  VerifyResult result =
      Verifier({x509::Root()}).Verify(x509::Chain({&below, &weak_ca}), x509::kNow);
  EXPECT_EQ(result.reason(), "weak_key");
  EXPECT_EQ(result.depth, 1);

  x509::Credential weak_root =
      x509::MakeCredential(x509::CaTemplate("weak root"), nullptr, x509::KeyType::kRsa1024);
  x509::Credential under = x509::MakeCredential(x509::ClientTemplate("client"), &weak_root);
  EXPECT_EQ(Verifier({weak_root}).Verify(x509::Chain({&under}), x509::kNow).reason(), "weak_key");
}

TEST(ChainVerifier, Sha1SignaturesAreRejectedExceptTheTrustAnchorsOwn) {
  x509::CertificateTemplate sha1_root = x509::CaTemplate("sha1 root");
  sha1_root.digest = x509::CertificateTemplate::Digest::kSha1;
  x509::Credential root = x509::MakeCredential(sha1_root, nullptr);
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &root);
  EXPECT_TRUE(Verifier({root}).Verify(x509::Chain({&client}), x509::kNow).ok());

  x509::CertificateTemplate sha1_client = x509::ClientTemplate("client");
  sha1_client.digest = x509::CertificateTemplate::Digest::kSha1;
  x509::Credential weak = x509::MakeCredential(sha1_client, &root);
  VerifyResult result = Verifier({root}).Verify(x509::Chain({&weak}), x509::kNow);
  EXPECT_EQ(result.reason(), "weak_key");
  EXPECT_THAT(result.detail, HasSubstr("SHA-1"));
}

TEST(ChainVerifier, ATrustAnchorsOwnSignatureMayBeTooOldToCheck) {
  const x509::Credential root = x509::Md5Root();
  EXPECT_TRUE(root.certificate->self_signed());
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &root);
  EXPECT_TRUE(Verifier({root}).Verify(x509::Chain({&client}), x509::kNow).ok());
}

TEST(ChainVerifier, ADamagedSignatureIsABadSignature) {
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &x509::Root());
  std::string der = client.certificate->der();
  der.back() = static_cast<char>(der.back() ^ 1);
  std::vector<std::string_view> chain = {der};
  VerifyResult result = Verifier({x509::Root()}).Verify(chain, x509::kNow);
  EXPECT_EQ(result.reason(), "bad_signature");
  EXPECT_EQ(result.subject, "CN=client");
}

TEST(ChainVerifier, GarbageIsAnInvalidCertificate) {
  ChainVerifier verifier = Verifier({x509::Root()});
  EXPECT_EQ(verifier.Verify(std::vector<std::string_view>{"garbage"}, x509::kNow).reason(),
            "invalid_certificate");
  EXPECT_EQ(verifier.Verify(std::vector<std::string_view>{}, x509::kNow).reason(),
            "invalid_certificate");
  EXPECT_EQ(verifier.Verify(std::vector<std::string_view>{""}, x509::kNow).reason(),
            "invalid_certificate");
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &x509::Root());
  VerifyResult second =
      verifier.Verify(std::vector<std::string_view>{client.certificate->der(), "x"}, x509::kNow);
  EXPECT_EQ(second.reason(), "invalid_certificate");
  EXPECT_THAT(second.detail, HasSubstr("certificate 2"));
}

TEST(ChainVerifier, TooManyCertificatesAreRejectedUnread) {
  x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &x509::Root());
  std::vector<std::string_view> chain(PresentedChain::kMaxCertificates + 1,
                                      client.certificate->der());
  EXPECT_EQ(Verifier({x509::Root()}).Verify(chain, x509::kNow).reason(), "invalid_certificate");
  chain.pop_back();
  EXPECT_TRUE(Verifier({x509::Root()}).Verify(chain, x509::kNow).ok());
}

TEST(ChainVerifier, AnUnknownCriticalExtensionIsAnInvalidCertificate) {
  x509::CertificateTemplate what = x509::ClientTemplate("client");
  what.raw_extensions = {{"1.2.3.4.5", true, std::string("\x05\x00", 2)}};
  x509::Credential client = x509::MakeCredential(what, &x509::Root());
  EXPECT_EQ(Verifier({x509::Root()}).Verify(x509::Chain({&client}), x509::kNow).reason(),
            "invalid_certificate");
}

TEST(ChainVerifier, TwoAnchorsOfOneNameBothCount) {
  x509::Credential other = x509::MakeCredential(x509::CaTemplate("root"), nullptr);
  x509::Credential first = x509::MakeCredential(x509::ClientTemplate("client"), &x509::Root());
  x509::Credential second = x509::MakeCredential(x509::ClientTemplate("client"), &other);
  ChainVerifier verifier = Verifier({x509::Root(), other});
  EXPECT_TRUE(verifier.Verify(x509::Chain({&first}), x509::kNow).ok());
  EXPECT_TRUE(verifier.Verify(x509::Chain({&second}), x509::kNow).ok());
}

TEST(ChainVerifier, TwoAnchorsOfOneNameBothCountWithoutKeyIdentifiers) {
  std::vector<x509::Credential> anchors;
  for (int i = 0; i < 4; ++i) {
    x509::CertificateTemplate what = x509::CaTemplate("rolled over");
    what.no_authority_key_id = true;
    anchors.push_back(x509::MakeCredential(what, nullptr));
  }
  ChainVerifier verifier = Verifier(anchors);
  for (const x509::Credential& anchor : anchors) {
    x509::CertificateTemplate what = x509::ClientTemplate("client");
    what.no_authority_key_id = true;
    x509::Credential client = x509::MakeCredential(what, &anchor);
    VerifyResult result = verifier.Verify(x509::Chain({&client}), x509::kNow);
    EXPECT_TRUE(result.ok()) << result.detail;
    what.not_after = x509::kNow - 1;
    x509::Credential expired = x509::MakeCredential(what, &anchor);
    EXPECT_EQ(verifier.Verify(x509::Chain({&expired}), x509::kNow).reason(), "expired");
  }
  x509::CertificateTemplate what = x509::CaTemplate("rolled over");
  x509::Credential impostor = x509::MakeCredential(what, nullptr);
  what = x509::ClientTemplate("client");
  what.no_authority_key_id = true;
  x509::Credential client = x509::MakeCredential(what, &impostor);
  EXPECT_EQ(verifier.Verify(x509::Chain({&client}), x509::kNow).reason(), "bad_signature");
}

TEST(ChainVerifier, ServesManyThreadsAtOnce) {
  x509::Credential good = x509::MakeCredential(x509::ClientTemplate("good"), &x509::Intermediate());
  x509::Credential bad =
      x509::MakeCredential(x509::ServerTemplate("bad", {}), &x509::Intermediate());
  const ChainVerifier verifier = Verifier({x509::Root()});
  std::vector<std::thread> threads;
  std::vector<int> right(4, 0);
  for (size_t t = 0; t < right.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        right[t] += verifier.Verify(x509::Chain({&good, &x509::Intermediate()}), x509::kNow).ok();
        right[t] +=
            verifier.Verify(x509::Chain({&bad, &x509::Intermediate()}), x509::kNow).reason() ==
            "wrong_purpose";
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(right, testing::Each(100));
}

TEST(TrustStore, IsASet) {
  x509::TrustStorePtr a = x509::Trust({x509::Root(), x509::Intermediate()});
  EXPECT_EQ(a->id(), x509::Trust({x509::Intermediate(), x509::Root(), x509::Root()})->id());
  EXPECT_NE(a->id(), x509::Trust({x509::Root()})->id());
  EXPECT_EQ(a->anchors().size(), 2u);
  EXPECT_EQ(a->subject_names_der().size(), 2u);
  EXPECT_TRUE(a->Contains(*x509::Root().certificate));
  EXPECT_FALSE(x509::Trust({x509::Root()})->Contains(*x509::Intermediate().certificate));
}

TEST(TrustStore, AnEmptySetIsAnError) { EXPECT_FALSE(x509::TrustStore::Create({}).ok()); }

}  // namespace
}  // namespace mantlet::verify
