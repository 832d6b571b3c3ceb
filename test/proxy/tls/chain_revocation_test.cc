// What revocation lists mean for a path. What a single list says is
// revocation_lists_test's.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proxy/tls/chain_verifier.h"
#include "proxy/tls/revocation_lists.h"
#include "test/proxy/tls/crl_maker.h"
#include "test/proxy/tls/pki.h"

namespace mantlet::tls {
namespace {

using testing::HasSubstr;

RevocationListsPtr Lists(std::vector<RevocationListPtr> lists, bool require = false) {
  RevocationLists::Options options;
  options.require = require;
  return RevocationLists::Create(std::move(lists), options);
}

VerifyResult Verify(const std::vector<Credential>& anchors,
                    const std::vector<const Credential*>& chain, RevocationListsPtr lists) {
  ChainVerifier::Options options;
  options.revocation = std::move(lists);
  return ChainVerifier(Trust(anchors), options).Verify(Chain(chain), kNow);
}

RevocationListPtr ListOf(const Credential& signer, const std::vector<const Credential*>& revoked) {
  return List(CrlTemplate::Revoking(revoked), signer);
}

TEST(ChainRevocation, ARevokedLeafIsRefused) {
  const Credential client = MakeCredential(ClientTemplate("client"), &Root());
  const Credential other = MakeCredential(ClientTemplate("other"), &Root());
  const RevocationListsPtr lists = Lists({ListOf(Root(), {&client})});
  const VerifyResult result = Verify({Root()}, {&client}, lists);
  EXPECT_EQ(result.reason(), "revoked");
  EXPECT_EQ(result.depth, 0);
  EXPECT_THAT(result.detail, HasSubstr("revoked"));
  EXPECT_TRUE(Verify({Root()}, {&other}, lists).ok());
}

TEST(ChainRevocation, WhereExpiryIsAcceptedARevokedLeafIsStillRefused) {
  CertificateTemplate what = ClientTemplate("client");
  what.not_after = kNow - 1;
  const Credential client = MakeCredential(what, &Root());
  const auto verdict = [&](std::vector<RevocationListPtr> lists, Expired expired) {
    ChainVerifier::Options options;
    options.revocation = Lists(std::move(lists));
    const ChainVerifier verifier(Trust({Root()}), options);
    return verifier.Verify(PresentedChain::Parse(Chain({&client})).value(), kNow, expired);
  };
  EXPECT_EQ(verdict({ListOf(Root(), {&client})}, Expired::kAccept).reason(), "revoked");
  EXPECT_EQ(verdict({ListOf(Root(), {&client})}, Expired::kRefuse).reason(), "expired");
  const VerifyResult good = verdict({ListOf(Root(), {})}, Expired::kAccept);
  EXPECT_TRUE(good.ok()) << good.detail;
  EXPECT_GT(good.valid_until, kNow) << "what has ended ends no second time";
}

TEST(ChainRevocation, ARevokedIntermediateIsRefusedWithItsDepth) {
  const Credential ca = MakeCredential(CaTemplate("ca"), &Root());
  const Credential client = MakeCredential(ClientTemplate("client"), &ca);
  const VerifyResult result = Verify({Root()}, {&client, &ca}, Lists({ListOf(Root(), {&ca})}));
  EXPECT_EQ(result.reason(), "revoked");
  EXPECT_EQ(result.depth, 1);
  EXPECT_EQ(result.subject, "CN=ca");
}

TEST(ChainRevocation, ARequiredListMustBeThereForEveryCertificateButTheAnchor) {
  const Credential client = MakeCredential(ClientTemplate("client"), &Intermediate());
  const RevocationListPtr by_root = ListOf(Root(), {}), by_ca = ListOf(Intermediate(), {});
  const auto verdict = [&](std::vector<RevocationListPtr> lists) {
    return std::string(
        Verify({Root()}, {&client, &Intermediate()}, Lists(std::move(lists), true)).reason());
  };
  EXPECT_EQ(verdict({by_root, by_ca}), "");
  EXPECT_EQ(verdict({by_ca}), "crl_missing");
  EXPECT_EQ(verdict({by_root}), "crl_missing");
  EXPECT_EQ(verdict({}), "crl_missing");
}

TEST(ChainRevocation, TheAnswerLastsUntilTheFirstNextUpdate) {
  const Credential client = MakeCredential(ClientTemplate("client"), &Intermediate());
  CrlTemplate brief = CrlTemplate::Revoking({});
  brief.next_update = kNow + 60;
  const VerifyResult result = Verify({Root()}, {&client, &Intermediate()},
                                     Lists({List(brief, Intermediate()), ListOf(Root(), {})}));
  ASSERT_TRUE(result.ok()) << result.detail;
  EXPECT_EQ(result.valid_until, kNow + 60);
}

TEST(ChainRevocation, AnOverdueListIsRefused) {
  const Credential client = MakeCredential(ClientTemplate("client"), &Root());
  CrlTemplate old = CrlTemplate::Revoking({});
  old.next_update = kNow;
  EXPECT_EQ(Verify({Root()}, {&client}, Lists({List(old, Root())})).reason(), "crl_expired");
}

TEST(ChainRevocation, ACrossSignLeadsAroundARevokedIntermediate) {
  const Credential theirs = MakeCredential(CaTemplate("theirs"), nullptr);
  const Credential shared = MakeCredential(CaTemplate("shared"), &Root());
  const Credential cross = {*Issue(CaTemplate("shared"), *shared.key, &theirs), shared.key};
  const Credential client = MakeCredential(ClientTemplate("client"), &shared);
  const RevocationListsPtr lists = Lists({ListOf(Root(), {&shared})});
  EXPECT_TRUE(Verify({Root(), theirs}, {&client, &shared, &cross}, lists).ok());
  EXPECT_TRUE(Verify({Root(), theirs}, {&client, &cross, &shared}, lists).ok());
  EXPECT_EQ(Verify({Root()}, {&client, &shared, &cross}, lists).reason(), "revoked");
}

TEST(ChainRevocation, ACrossSignDoesNotLeadAroundARevokedLeaf) {
  // One certificate of the issuer's key may sign lists, the other may not.
  const Credential theirs = MakeCredential(CaTemplate("theirs"), nullptr);
  const Credential shared = MakeCredential(CaTemplate("shared"), &Root());
  CertificateTemplate mute = CaTemplate("shared");
  mute.key_usage = {"keyCertSign"};
  const Credential cross = {*Issue(mute, *shared.key, &theirs), shared.key};
  const Credential client = MakeCredential(ClientTemplate("client"), &shared);
  const RevocationListsPtr lists = Lists({ListOf(shared, {&client})});
  for (const auto& chain : std::vector<std::vector<const Credential*>>{
           {&client, &shared, &cross}, {&client, &cross, &shared}, {&client, &cross}}) {
    EXPECT_FALSE(Verify({Root(), theirs}, chain, lists).ok());
  }
  EXPECT_EQ(Verify({Root(), theirs}, {&client, &cross, &shared}, lists).reason(), "revoked");
}

// A CA that has changed its key: certificates by the old one, the list by the new.
class ChangedKeyTest : public testing::Test {
 protected:
  Credential old_ca_ = MakeCredential(CaTemplate("ca"), &Root());
  Credential new_ca_ = MakeCredential(CaTemplate("ca"), &Root());
  Credential client_ = MakeCredential(ClientTemplate("client"), &old_ca_);
  Credential other_ = MakeCredential(ClientTemplate("other"), &old_ca_);
};

TEST_F(ChangedKeyTest, AListByTheNewKeyCountsForWhatTheOldKeySigned) {
  const RevocationListsPtr lists = Lists({ListOf(Root(), {}), ListOf(new_ca_, {&client_})}, true);
  EXPECT_EQ(Verify({Root()}, {&client_, &old_ca_, &new_ca_}, lists).reason(), "revoked");
  EXPECT_EQ(Verify({Root()}, {&other_, &old_ca_, &new_ca_}, lists).reason(), "");
  // Nobody vouches for the new key here.
  EXPECT_EQ(Verify({Root()}, {&other_, &old_ca_}, lists).reason(), "crl_missing");
}

TEST_F(ChangedKeyTest, TwoRootsOfOneNameShareTheirLists) {
  const Credential new_root = MakeCredential(CaTemplate("root"), nullptr);
  const Credential old_root = MakeCredential(CaTemplate("root"), nullptr);
  const Credential client = MakeCredential(ClientTemplate("client"), &old_root);
  const Credential other = MakeCredential(ClientTemplate("other"), &old_root);
  const RevocationListsPtr lists = Lists({ListOf(new_root, {&client})});
  EXPECT_EQ(Verify({old_root, new_root}, {&client}, lists).reason(), "revoked");
  EXPECT_EQ(Verify({old_root, new_root}, {&other}, lists).reason(), "");
  EXPECT_EQ(Verify({old_root}, {&other}, lists).reason(), "crl_missing");
}

TEST_F(ChangedKeyTest, WhatEitherKeysListRevokesIsRevoked) {
  const RevocationListsPtr lists = Lists({ListOf(old_ca_, {}), ListOf(new_ca_, {&client_})});
  EXPECT_EQ(Verify({Root()}, {&client_, &old_ca_, &new_ca_}, lists).reason(), "revoked");
  EXPECT_EQ(Verify({Root()}, {&other_, &old_ca_, &new_ca_}, lists).reason(), "");
}

TEST_F(ChangedKeyTest, TheAnswerLastsUntilEitherKeysNewListComesIntoForce) {
  CrlTemplate ahead = CrlTemplate::Revoking({&client_});
  ahead.this_update = kNow + kDay;
  const int64_t in_force = ahead.this_update - RevocationLists::kClockSkewSeconds;
  const RevocationListPtr old_now = ListOf(old_ca_, {}), new_now = ListOf(new_ca_, {});
  const RevocationListPtr old_then = List(ahead, old_ca_), new_then = List(ahead, new_ca_);
  for (const auto& lists : std::vector<std::vector<RevocationListPtr>>{
           {old_now, old_then},
           {old_now, new_then},
           {old_now, new_now, new_then},
           {new_now, old_then},
       }) {
    ChainVerifier::Options options;
    options.revocation = Lists(lists);
    const ChainVerifier verifier(Trust({Root()}), options);
    const std::vector<std::string_view> chain = Chain({&client_, &old_ca_, &new_ca_});
    const VerifyResult now = verifier.Verify(chain, kNow);
    EXPECT_TRUE(now.ok()) << now.detail;
    EXPECT_EQ(now.valid_until, in_force);
    EXPECT_EQ(verifier.Verify(chain, in_force - 1).reason(), "");
    EXPECT_EQ(verifier.Verify(chain, in_force).reason(), "revoked");
  }
}

// Without partial_chain the CA's certificates in the bundle end no path.
TEST_F(ChangedKeyTest, TheNewKeysCertificateMayStandInTheTrustBundle) {
  const std::vector<Credential> bundle = {Root(), old_ca_, new_ca_};
  const RevocationListPtr roots = ListOf(Root(), {}), news = ListOf(new_ca_, {&client_});
  for (const RevocationListsPtr& lists :
       {Lists({roots, news}, true), Lists({roots, news, ListOf(old_ca_, {})}, true),
        Lists({news, ListOf(old_ca_, {})})}) {
    EXPECT_EQ(Verify(bundle, {&client_}, lists).reason(), "revoked");
    EXPECT_EQ(Verify(bundle, {&other_}, lists).reason(), "");
    EXPECT_EQ(Verify(bundle, {&other_, &old_ca_, &new_ca_}, lists).reason(), "");
  }
}

TEST_F(ChangedKeyTest, ACertificateInTheTrustBundleIsJudgedLikeOneThatIsSent) {
  const RevocationListPtr news = ListOf(new_ca_, {});
  EXPECT_EQ(Verify({Root(), old_ca_, new_ca_}, {&other_}, Lists({ListOf(Root(), {&new_ca_}), news}))
                .reason(),
            "crl_missing")
      << "it was revoked";
  const Credential stranger = MakeCredential(CaTemplate("ca"), &Intermediate());
  EXPECT_EQ(
      Verify({Root(), Intermediate(), old_ca_, stranger}, {&other_}, Lists({ListOf(stranger, {})}))
          .reason(),
      "crl_missing")
      << "another CA has certified it";
}

TEST_F(ChangedKeyTest, ANamesakeOfAnotherCaDoesNotCount) {
  const Credential stranger = MakeCredential(CaTemplate("ca"), &Intermediate());
  const RevocationListsPtr lists = Lists({ListOf(stranger, {})});
  EXPECT_EQ(Verify({Root()}, {&other_, &old_ca_, &stranger, &Intermediate()}, lists).reason(),
            "crl_missing");
}

TEST_F(ChangedKeyTest, ACertificateForListsOnlyNeedNotBeACas) {
  CertificateTemplate for_lists = CaTemplate("ca");
  for_lists.ca = false;
  for_lists.key_usage = {"cRLSign"};
  const Credential signer = MakeCredential(for_lists, &Root());
  for_lists.key_usage = {"digitalSignature"};
  const Credential other_purpose = MakeCredential(for_lists, &Root());
  EXPECT_EQ(Verify({Root()}, {&other_, &old_ca_, &signer}, Lists({ListOf(signer, {})})).reason(),
            "");
  EXPECT_EQ(
      Verify({Root()}, {&other_, &old_ca_, &other_purpose}, Lists({ListOf(other_purpose, {})}))
          .reason(),
      "crl_missing");
}

TEST_F(ChangedKeyTest, ACertificateDoesNotSpeakForItself) {
  // The new key's certificate by the old one: its own list does not clear it.
  const Credential new_with_old = {*Issue(CaTemplate("ca"), *new_ca_.key, &old_ca_), new_ca_.key};
  const Credential client = MakeCredential(ClientTemplate("client"), &new_with_old);
  const RevocationListsPtr lists = Lists({ListOf(Root(), {}), ListOf(new_with_old, {})}, true);
  const VerifyResult result = Verify({Root()}, {&client, &new_with_old, &old_ca_}, lists);
  EXPECT_EQ(result.reason(), "crl_missing");
  EXPECT_EQ(result.depth, 1);
}

// A CA whose lists are signed with a key of their own; the root vouches for both keys.
class ListSignerTest : public testing::Test {
 protected:
  static CertificateTemplate ForLists(std::string cn = "ca") {
    CertificateTemplate what = CaTemplate(std::move(cn));
    what.ca = false;
    what.key_usage = {"cRLSign"};
    return what;
  }
  VerifyResult Judge(std::vector<RevocationListPtr> lists, bool require) {
    return Verify({Root()}, {&client_, &ca_, &signer_}, Lists(std::move(lists), require));
  }

  Credential ca_ = MakeCredential(CaTemplate("ca"), &Root());
  Credential signer_ = MakeCredential(ForLists(), &Root());
  Credential client_ = MakeCredential(ClientTemplate("client"), &ca_);
  RevocationListPtr clean_ = ListOf(signer_, {});
};

TEST_F(ListSignerTest, WhoseCertificateWasRevokedSignsNoListThatCounts) {
  for (const bool require : {false, true}) {
    EXPECT_EQ(Judge({ListOf(Root(), {}), clean_}, require).reason(), "");
    const VerifyResult result = Judge({ListOf(Root(), {&signer_}), clean_}, require);
    EXPECT_EQ(result.reason(), "crl_missing");
    EXPECT_EQ(result.depth, 0);
    EXPECT_THAT(result.detail, HasSubstr(signer_.certificate->serial()));
    EXPECT_THAT(result.detail, HasSubstr("it was revoked by its issuer"));
  }
}

TEST_F(ListSignerTest, WhoseCertificateWasRevokedHasRevokedAllTheSame) {
  const RevocationListPtr list = ListOf(signer_, {&client_});
  EXPECT_EQ(Judge({ListOf(Root(), {&signer_}), list}, false).reason(), "revoked");
}

TEST_F(ListSignerTest, NeedsAListOfItsIssuerWhereListsAreRequired) {
  EXPECT_EQ(Judge({clean_}, true).reason(), "crl_missing");
  EXPECT_EQ(Judge({clean_}, false).reason(), "");
}

TEST_F(ListSignerTest, WhoseIssuersListIsOverdueSignsNoListThatCounts) {
  CrlTemplate overdue = CrlTemplate::Revoking({});
  overdue.next_update = kNow;
  EXPECT_FALSE(Judge({List(overdue, Root()), clean_}, false).ok());
}

TEST_F(ListSignerTest, BoundsHowLongTheAnswerLasts) {
  CertificateTemplate what = ForLists();
  what.not_after = kNow + 99;
  const Credential brief = MakeCredential(what, &Root());
  const VerifyResult result =
      Verify({Root()}, {&client_, &ca_, &brief}, Lists({ListOf(Root(), {}), ListOf(brief, {})}));
  ASSERT_TRUE(result.ok()) << result.detail;
  EXPECT_EQ(result.valid_until, kNow + 100);

  CrlTemplate ahead = CrlTemplate::Revoking({&signer_});
  ahead.this_update = kNow + kDay;
  const VerifyResult until = Judge({ListOf(Root(), {}), List(ahead, Root()), clean_}, false);
  ASSERT_TRUE(until.ok()) << until.detail;
  EXPECT_EQ(until.valid_until, ahead.this_update - RevocationLists::kClockSkewSeconds);
}

TEST_F(ListSignerTest, WhoseNameAConstraintExcludesSignsNoListThatCounts) {
  CertificateTemplate what = ForLists();
  what.san.dns = {"evil.test"};
  CertificateTemplate above = CaTemplate("above");
  above.excluded_dns = {"evil.test"};
  const Credential policy_ca = MakeCredential(above, &Root());
  const Credential ca = MakeCredential(CaTemplate("ca"), &policy_ca);
  const Credential signer = MakeCredential(what, &policy_ca);
  const Credential good_signer = MakeCredential(ForLists(), &policy_ca);
  const Credential client = MakeCredential(ClientTemplate("client"), &ca);
  EXPECT_EQ(
      Verify({Root()}, {&client, &ca, &policy_ca, &signer}, Lists({ListOf(signer, {})})).reason(),
      "crl_missing");
  EXPECT_EQ(
      Verify({Root()}, {&client, &ca, &policy_ca, &good_signer}, Lists({ListOf(good_signer, {})}))
          .reason(),
      "");
}

TEST_F(ListSignerTest, IsJudgedByListsWhoseSignersAreJudgedToo) {
  // Two CAs in a row, each of which has its lists signed by a key of its own.
  const Credential signer_below = MakeCredential(ForLists("below"), &ca_);
  const Credential below = MakeCredential(CaTemplate("below"), &ca_);
  const Credential client = MakeCredential(ClientTemplate("client"), &below);
  const RevocationListPtr list = ListOf(signer_below, {});
  const auto reason = [&](const RevocationListPtr& by_root, const RevocationListPtr& by_signer) {
    return std::string(Verify({Root()}, {&client, &below, &signer_below, &ca_, &signer_},
                              Lists({by_root, by_signer, list}, true))
                           .reason());
  };
  EXPECT_EQ(reason(ListOf(Root(), {}), clean_), "");
  EXPECT_EQ(reason(ListOf(Root(), {}), ListOf(signer_, {&signer_below})), "crl_missing");
  EXPECT_EQ(reason(ListOf(Root(), {&signer_}), clean_), "crl_missing");
}

TEST_F(ListSignerTest, ThatIsAnAnchorPastItsEndSignsNoListThatCounts) {
  CertificateTemplate what = CaTemplate("root");
  const Credential root = MakeCredential(what, nullptr);
  what.not_after = kNow - 1;
  const Credential ended = MakeCredential(what, nullptr);
  const Credential client = MakeCredential(ClientTemplate("client"), &root);
  EXPECT_EQ(Verify({root, ended}, {&client}, Lists({ListOf(ended, {})})).reason(), "crl_missing");
  EXPECT_EQ(Verify({root, ended}, {&client}, Lists({ListOf(ended, {&client})})).reason(),
            "revoked");
}

TEST(ChainRevocation, OtherFaultsAreTold) {
  CertificateTemplate what = ClientTemplate("client");
  what.not_after = kNow - 1;
  const Credential client = MakeCredential(what, &Root());
  EXPECT_EQ(Verify({Root()}, {&client}, Lists({ListOf(Root(), {&client})})).reason(), "expired");
}

TEST(ChainRevocation, ListsAreAmongWhatDecides) {
  ChainVerifier::Options without, with, required;
  with.revocation = Lists({ListOf(Root(), {})});
  required.revocation = Lists({ListOf(Root(), {})}, true);
  const std::string a = ChainVerifier(Trust({Root()}), without).id();
  const std::string b = ChainVerifier(Trust({Root()}), with).id();
  const std::string c = ChainVerifier(Trust({Root()}), required).id();
  EXPECT_NE(a, b);
  EXPECT_NE(b, c);
}

}  // namespace
}  // namespace mantlet::tls
