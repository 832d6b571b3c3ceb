// Tests the effect of revocation lists on paths; revocation_lists_test tests single lists.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proxy/verify/chain_verifier.h"
#include "proxy/x509/revocation_lists.h"
#include "test/proxy/x509/crl_maker.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::verify {
namespace {

using testing::HasSubstr;

x509::RevocationListsPtr Lists(std::vector<x509::RevocationListPtr> lists, bool require = false) {
  x509::RevocationLists::Options options;
  options.require = require;
  return x509::RevocationLists::Create(std::move(lists), options);
}

VerifyResult Verify(const std::vector<x509::Credential>& anchors,
                    const std::vector<const x509::Credential*>& chain,
                    x509::RevocationListsPtr lists) {
  ChainVerifier::Options options;
  options.revocation = std::move(lists);
  return ChainVerifier(x509::Trust(anchors), options).Verify(x509::Chain(chain), x509::kNow);
}

x509::RevocationListPtr ListOf(const x509::Credential& signer,
                               const std::vector<const x509::Credential*>& revoked) {
  return x509::List(x509::CrlTemplate::Revoking(revoked), signer);
}

TEST(ChainRevocation, ARevokedLeafIsRejected) {
  const x509::Credential client =
      x509::MakeCredential(x509::ClientTemplate("client"), &x509::Root());
  const x509::Credential other = x509::MakeCredential(x509::ClientTemplate("other"), &x509::Root());
  const x509::RevocationListsPtr lists = Lists({ListOf(x509::Root(), {&client})});
  const VerifyResult result = Verify({x509::Root()}, {&client}, lists);
  EXPECT_EQ(result.reason(), "revoked");
  EXPECT_EQ(result.depth, 0);
  EXPECT_THAT(result.detail, HasSubstr("revoked"));
  EXPECT_TRUE(Verify({x509::Root()}, {&other}, lists).ok());
}

TEST(ChainRevocation, WhereExpiryIsAcceptedARevokedLeafIsStillRejected) {
  x509::CertificateTemplate what = x509::ClientTemplate("client");
  what.not_after = x509::kNow - 1;
  const x509::Credential client = x509::MakeCredential(what, &x509::Root());
  const auto verdict = [&](std::vector<x509::RevocationListPtr> lists, Expired expired) {
    ChainVerifier::Options options;
    options.revocation = Lists(std::move(lists));
    const ChainVerifier verifier(x509::Trust({x509::Root()}), options);
    return verifier.Verify(PresentedChain::Parse(x509::Chain({&client})).value(), x509::kNow,
                           expired);
  };
  EXPECT_EQ(verdict({ListOf(x509::Root(), {&client})}, Expired::kAccept).reason(), "revoked");
  EXPECT_EQ(verdict({ListOf(x509::Root(), {&client})}, Expired::kRefuse).reason(), "expired");
  const VerifyResult good = verdict({ListOf(x509::Root(), {})}, Expired::kAccept);
  EXPECT_TRUE(good.ok()) << good.detail;
  EXPECT_GT(good.valid_until, x509::kNow) << "what has ended ends no second time";
}

TEST(ChainRevocation, ARevokedIntermediateIsRejectedWithItsDepth) {
  const x509::Credential ca = x509::MakeCredential(x509::CaTemplate("ca"), &x509::Root());
  const x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &ca);
  const VerifyResult result =
      Verify({x509::Root()}, {&client, &ca}, Lists({ListOf(x509::Root(), {&ca})}));
  EXPECT_EQ(result.reason(), "revoked");
  EXPECT_EQ(result.depth, 1);
  EXPECT_EQ(result.subject, "CN=ca");
}

TEST(ChainRevocation, ARequiredListMustBeThereForEveryCertificateButTheAnchor) {
  const x509::Credential client =
      x509::MakeCredential(x509::ClientTemplate("client"), &x509::Intermediate());
  const x509::RevocationListPtr by_root = ListOf(x509::Root(), {}),
                                by_ca = ListOf(x509::Intermediate(), {});
  const auto verdict = [&](std::vector<x509::RevocationListPtr> lists) {
    return std::string(
        Verify({x509::Root()}, {&client, &x509::Intermediate()}, Lists(std::move(lists), true))
            .reason());
  };
  EXPECT_EQ(verdict({by_root, by_ca}), "");
  EXPECT_EQ(verdict({by_ca}), "crl_missing");
  EXPECT_EQ(verdict({by_root}), "crl_missing");
  EXPECT_EQ(verdict({}), "crl_missing");
}

TEST(ChainRevocation, TheAnswerLastsUntilTheFirstNextUpdate) {
  const x509::Credential client =
      x509::MakeCredential(x509::ClientTemplate("client"), &x509::Intermediate());
  x509::CrlTemplate brief = x509::CrlTemplate::Revoking({});
  brief.next_update = x509::kNow + 60;
  const VerifyResult result =
      Verify({x509::Root()}, {&client, &x509::Intermediate()},
             Lists({x509::List(brief, x509::Intermediate()), ListOf(x509::Root(), {})}));
  ASSERT_TRUE(result.ok()) << result.detail;
  EXPECT_EQ(result.valid_until, x509::kNow + 60);
}

TEST(ChainRevocation, AnExpiredListIsRejected) {
  const x509::Credential client =
      x509::MakeCredential(x509::ClientTemplate("client"), &x509::Root());
  x509::CrlTemplate old = x509::CrlTemplate::Revoking({});
  old.next_update = x509::kNow;
  EXPECT_EQ(Verify({x509::Root()}, {&client}, Lists({x509::List(old, x509::Root())})).reason(),
            "crl_expired");
}

TEST(ChainRevocation, ACrossSignLeadsAroundARevokedIntermediate) {
  const x509::Credential theirs = x509::MakeCredential(x509::CaTemplate("theirs"), nullptr);
  const x509::Credential shared = x509::MakeCredential(x509::CaTemplate("shared"), &x509::Root());
  const x509::Credential cross = {*x509::Issue(x509::CaTemplate("shared"), *shared.key, &theirs),
                                  shared.key};
  const x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &shared);
  const x509::RevocationListsPtr lists = Lists({ListOf(x509::Root(), {&shared})});
  EXPECT_TRUE(Verify({x509::Root(), theirs}, {&client, &shared, &cross}, lists).ok());
  EXPECT_TRUE(Verify({x509::Root(), theirs}, {&client, &cross, &shared}, lists).ok());
  EXPECT_EQ(Verify({x509::Root()}, {&client, &shared, &cross}, lists).reason(), "revoked");
}

TEST(ChainRevocation, ACrossSignDoesNotLeadAroundARevokedLeaf) {
  // The issuer's key has two certificates; only one of them may sign lists.
  const x509::Credential theirs = x509::MakeCredential(x509::CaTemplate("theirs"), nullptr);
  const x509::Credential shared = x509::MakeCredential(x509::CaTemplate("shared"), &x509::Root());
  x509::CertificateTemplate mute = x509::CaTemplate("shared");
  mute.key_usage = {"keyCertSign"};
  const x509::Credential cross = {*x509::Issue(mute, *shared.key, &theirs), shared.key};
  const x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &shared);
  const x509::RevocationListsPtr lists = Lists({ListOf(shared, {&client})});
  for (const auto& chain : std::vector<std::vector<const x509::Credential*>>{
           {&client, &shared, &cross}, {&client, &cross, &shared}, {&client, &cross}}) {
    EXPECT_FALSE(Verify({x509::Root(), theirs}, chain, lists).ok());
  }
  EXPECT_EQ(Verify({x509::Root(), theirs}, {&client, &cross, &shared}, lists).reason(), "revoked");
}

// A CA that has changed its key: the old key signed the certificates, the new one signs the list.
class ChangedKeyTest : public testing::Test {
 protected:
  x509::Credential old_ca_ = x509::MakeCredential(x509::CaTemplate("ca"), &x509::Root());
  x509::Credential new_ca_ = x509::MakeCredential(x509::CaTemplate("ca"), &x509::Root());
  x509::Credential client_ = x509::MakeCredential(x509::ClientTemplate("client"), &old_ca_);
  x509::Credential other_ = x509::MakeCredential(x509::ClientTemplate("other"), &old_ca_);
};

TEST_F(ChangedKeyTest, AListByTheNewKeyCountsForWhatTheOldKeySigned) {
  const x509::RevocationListsPtr lists =
      Lists({ListOf(x509::Root(), {}), ListOf(new_ca_, {&client_})}, true);
  EXPECT_EQ(Verify({x509::Root()}, {&client_, &old_ca_, &new_ca_}, lists).reason(), "revoked");
  EXPECT_EQ(Verify({x509::Root()}, {&other_, &old_ca_, &new_ca_}, lists).reason(), "");
  // No certificate vouches for the new key here.
  EXPECT_EQ(Verify({x509::Root()}, {&other_, &old_ca_}, lists).reason(), "crl_missing");
}

TEST_F(ChangedKeyTest, TwoRootsOfOneNameShareTheirLists) {
  const x509::Credential new_root = x509::MakeCredential(x509::CaTemplate("root"), nullptr);
  const x509::Credential old_root = x509::MakeCredential(x509::CaTemplate("root"), nullptr);
  const x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &old_root);
  const x509::Credential other = x509::MakeCredential(x509::ClientTemplate("other"), &old_root);
  const x509::RevocationListsPtr lists = Lists({ListOf(new_root, {&client})});
  EXPECT_EQ(Verify({old_root, new_root}, {&client}, lists).reason(), "revoked");
  EXPECT_EQ(Verify({old_root, new_root}, {&other}, lists).reason(), "");
  EXPECT_EQ(Verify({old_root}, {&other}, lists).reason(), "crl_missing");
}

TEST_F(ChangedKeyTest, WhatEitherKeysListRevokesIsRevoked) {
  const x509::RevocationListsPtr lists = Lists({ListOf(old_ca_, {}), ListOf(new_ca_, {&client_})});
  EXPECT_EQ(Verify({x509::Root()}, {&client_, &old_ca_, &new_ca_}, lists).reason(), "revoked");
  EXPECT_EQ(Verify({x509::Root()}, {&other_, &old_ca_, &new_ca_}, lists).reason(), "");
}

TEST_F(ChangedKeyTest, TheAnswerLastsUntilEitherKeysNewListComesIntoForce) {
  x509::CrlTemplate ahead = x509::CrlTemplate::Revoking({&client_});
  ahead.this_update = x509::kNow + x509::kDay;
  const int64_t in_force = ahead.this_update - x509::RevocationLists::kClockSkewSeconds;
  const x509::RevocationListPtr old_now = ListOf(old_ca_, {}), new_now = ListOf(new_ca_, {});
  const x509::RevocationListPtr old_then = x509::List(ahead, old_ca_),
                                new_then = x509::List(ahead, new_ca_);
  for (const auto& lists : std::vector<std::vector<x509::RevocationListPtr>>{
           {old_now, old_then},
           {old_now, new_then},
           {old_now, new_now, new_then},
           {new_now, old_then},
       }) {
    ChainVerifier::Options options;
    options.revocation = Lists(lists);
    const ChainVerifier verifier(x509::Trust({x509::Root()}), options);
    const std::vector<std::string_view> chain = x509::Chain({&client_, &old_ca_, &new_ca_});
    const VerifyResult now = verifier.Verify(chain, x509::kNow);
    EXPECT_TRUE(now.ok()) << now.detail;
    EXPECT_EQ(now.valid_until, in_force);
    EXPECT_EQ(verifier.Verify(chain, in_force - 1).reason(), "");
    EXPECT_EQ(verifier.Verify(chain, in_force).reason(), "revoked");
  }
}

// Without partial_chain no path ends at the CA's certificates in the bundle.
TEST_F(ChangedKeyTest, TheNewKeysCertificateMayStandInTheTrustBundle) {
  const std::vector<x509::Credential> bundle = {x509::Root(), old_ca_, new_ca_};
  const x509::RevocationListPtr roots = ListOf(x509::Root(), {}),
                                news = ListOf(new_ca_, {&client_});
  for (const x509::RevocationListsPtr& lists :
       {Lists({roots, news}, true), Lists({roots, news, ListOf(old_ca_, {})}, true),
        Lists({news, ListOf(old_ca_, {})})}) {
    EXPECT_EQ(Verify(bundle, {&client_}, lists).reason(), "revoked");
    EXPECT_EQ(Verify(bundle, {&other_}, lists).reason(), "");
    EXPECT_EQ(Verify(bundle, {&other_, &old_ca_, &new_ca_}, lists).reason(), "");
  }
}

TEST_F(ChangedKeyTest, ACertificateInTheTrustBundleIsCheckedLikeAPresentedOne) {
  const x509::RevocationListPtr news = ListOf(new_ca_, {});
  EXPECT_EQ(Verify({x509::Root(), old_ca_, new_ca_}, {&other_},
                   Lists({ListOf(x509::Root(), {&new_ca_}), news}))
                .reason(),
            "crl_missing")
      << "it was revoked";
  const x509::Credential stranger =
      x509::MakeCredential(x509::CaTemplate("ca"), &x509::Intermediate());
  EXPECT_EQ(Verify({x509::Root(), x509::Intermediate(), old_ca_, stranger}, {&other_},
                   Lists({ListOf(stranger, {})}))
                .reason(),
            "crl_missing")
      << "another CA has certified it";
}

TEST_F(ChangedKeyTest, ANamesakeOfAnotherCaDoesNotCount) {
  const x509::Credential stranger =
      x509::MakeCredential(x509::CaTemplate("ca"), &x509::Intermediate());
  const x509::RevocationListsPtr lists = Lists({ListOf(stranger, {})});
  EXPECT_EQ(
      Verify({x509::Root()}, {&other_, &old_ca_, &stranger, &x509::Intermediate()}, lists).reason(),
      "crl_missing");
}

TEST_F(ChangedKeyTest, ACertificateForListsOnlyNeedNotBeACas) {
  x509::CertificateTemplate for_lists = x509::CaTemplate("ca");
  for_lists.ca = false;
  for_lists.key_usage = {"cRLSign"};
  const x509::Credential signer = x509::MakeCredential(for_lists, &x509::Root());
  for_lists.key_usage = {"digitalSignature"};
  const x509::Credential other_purpose = x509::MakeCredential(for_lists, &x509::Root());
  EXPECT_EQ(
      Verify({x509::Root()}, {&other_, &old_ca_, &signer}, Lists({ListOf(signer, {})})).reason(),
      "");
  EXPECT_EQ(Verify({x509::Root()}, {&other_, &old_ca_, &other_purpose},
                   Lists({ListOf(other_purpose, {})}))
                .reason(),
            "crl_missing");
}

TEST_F(ChangedKeyTest, ACertificateCannotVouchForItself) {
  // The old key certified the new one; the new key's list cannot vouch for that certificate.
  const x509::Credential new_with_old = {
      *x509::Issue(x509::CaTemplate("ca"), *new_ca_.key, &old_ca_), new_ca_.key};
  const x509::Credential client =
      x509::MakeCredential(x509::ClientTemplate("client"), &new_with_old);
  const x509::RevocationListsPtr lists =
      Lists({ListOf(x509::Root(), {}), ListOf(new_with_old, {})}, true);
  const VerifyResult result = Verify({x509::Root()}, {&client, &new_with_old, &old_ca_}, lists);
  EXPECT_EQ(result.reason(), "crl_missing");
  EXPECT_EQ(result.depth, 1);
}

// A CA whose lists are signed with a separate key; the root certifies both keys.
class ListSignerTest : public testing::Test {
 protected:
  static x509::CertificateTemplate ForLists(std::string cn = "ca") {
    x509::CertificateTemplate what = x509::CaTemplate(std::move(cn));
    what.ca = false;
    what.key_usage = {"cRLSign"};
    return what;
  }
  VerifyResult VerifyWith(std::vector<x509::RevocationListPtr> lists, bool require) {
    return Verify({x509::Root()}, {&client_, &ca_, &signer_}, Lists(std::move(lists), require));
  }

  x509::Credential ca_ = x509::MakeCredential(x509::CaTemplate("ca"), &x509::Root());
  x509::Credential signer_ = x509::MakeCredential(ForLists(), &x509::Root());
  x509::Credential client_ = x509::MakeCredential(x509::ClientTemplate("client"), &ca_);
  x509::RevocationListPtr clean_ = ListOf(signer_, {});
};

TEST_F(ListSignerTest, AListByARevokedSignerIsNotUsed) {
  for (const bool require : {false, true}) {
    EXPECT_EQ(VerifyWith({ListOf(x509::Root(), {}), clean_}, require).reason(), "");
    const VerifyResult result = VerifyWith({ListOf(x509::Root(), {&signer_}), clean_}, require);
    EXPECT_EQ(result.reason(), "crl_missing");
    EXPECT_EQ(result.depth, 0);
    EXPECT_THAT(result.detail, HasSubstr(signer_.certificate->serial()));
    EXPECT_THAT(result.detail, HasSubstr("it was revoked by its issuer"));
  }
}

TEST_F(ListSignerTest, ARevokedSignersRevocationsStillCount) {
  const x509::RevocationListPtr list = ListOf(signer_, {&client_});
  EXPECT_EQ(VerifyWith({ListOf(x509::Root(), {&signer_}), list}, false).reason(), "revoked");
}

TEST_F(ListSignerTest, NeedsAListOfItsIssuerWhereListsAreRequired) {
  EXPECT_EQ(VerifyWith({clean_}, true).reason(), "crl_missing");
  EXPECT_EQ(VerifyWith({clean_}, false).reason(), "");
}

TEST_F(ListSignerTest, AListByASignerWithAnExpiredIssuersListIsNotUsed) {
  x509::CrlTemplate overdue = x509::CrlTemplate::Revoking({});
  overdue.next_update = x509::kNow;
  EXPECT_FALSE(VerifyWith({x509::List(overdue, x509::Root()), clean_}, false).ok());
}

TEST_F(ListSignerTest, BoundsHowLongTheAnswerLasts) {
  x509::CertificateTemplate what = ForLists();
  what.not_after = x509::kNow + 99;
  const x509::Credential brief = x509::MakeCredential(what, &x509::Root());
  const VerifyResult result = Verify({x509::Root()}, {&client_, &ca_, &brief},
                                     Lists({ListOf(x509::Root(), {}), ListOf(brief, {})}));
  ASSERT_TRUE(result.ok()) << result.detail;
  EXPECT_EQ(result.valid_until, x509::kNow + 100);

  x509::CrlTemplate ahead = x509::CrlTemplate::Revoking({&signer_});
  ahead.this_update = x509::kNow + x509::kDay;
  const VerifyResult until =
      VerifyWith({ListOf(x509::Root(), {}), x509::List(ahead, x509::Root()), clean_}, false);
  ASSERT_TRUE(until.ok()) << until.detail;
  EXPECT_EQ(until.valid_until, ahead.this_update - x509::RevocationLists::kClockSkewSeconds);
}

TEST_F(ListSignerTest, AListByASignerWithAnExcludedNameIsNotUsed) {
  x509::CertificateTemplate what = ForLists();
  what.san.dns = {"evil.test"};
  x509::CertificateTemplate above = x509::CaTemplate("above");
  x509::AddNameConstraints({}, {"evil.test"}, &above);
  const x509::Credential policy_ca = x509::MakeCredential(above, &x509::Root());
  const x509::Credential ca = x509::MakeCredential(x509::CaTemplate("ca"), &policy_ca);
  const x509::Credential signer = x509::MakeCredential(what, &policy_ca);
  const x509::Credential good_signer = x509::MakeCredential(ForLists(), &policy_ca);
  const x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &ca);
  EXPECT_EQ(Verify({x509::Root()}, {&client, &ca, &policy_ca, &signer}, Lists({ListOf(signer, {})}))
                .reason(),
            "crl_missing");
  EXPECT_EQ(Verify({x509::Root()}, {&client, &ca, &policy_ca, &good_signer},
                   Lists({ListOf(good_signer, {})}))
                .reason(),
            "");
}

TEST_F(ListSignerTest, ItsSignersAreCheckedRecursively) {
  // Two CAs in a row, each with a separate key for its lists.
  const x509::Credential signer_below = x509::MakeCredential(ForLists("below"), &ca_);
  const x509::Credential below = x509::MakeCredential(x509::CaTemplate("below"), &ca_);
  const x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &below);
  const x509::RevocationListPtr list = ListOf(signer_below, {});
  const auto reason = [&](const x509::RevocationListPtr& by_root,
                          const x509::RevocationListPtr& by_signer) {
    return std::string(Verify({x509::Root()}, {&client, &below, &signer_below, &ca_, &signer_},
                              Lists({by_root, by_signer, list}, true))
                           .reason());
  };
  EXPECT_EQ(reason(ListOf(x509::Root(), {}), clean_), "");
  EXPECT_EQ(reason(ListOf(x509::Root(), {}), ListOf(signer_, {&signer_below})), "crl_missing");
  EXPECT_EQ(reason(ListOf(x509::Root(), {&signer_}), clean_), "crl_missing");
}

TEST_F(ListSignerTest, AListByAnExpiredAnchorIsNotUsed) {
  x509::CertificateTemplate what = x509::CaTemplate("root");
  const x509::Credential root = x509::MakeCredential(what, nullptr);
  what.not_after = x509::kNow - 1;
  const x509::Credential ended = x509::MakeCredential(what, nullptr);
  const x509::Credential client = x509::MakeCredential(x509::ClientTemplate("client"), &root);
  EXPECT_EQ(Verify({root, ended}, {&client}, Lists({ListOf(ended, {})})).reason(), "crl_missing");
  EXPECT_EQ(Verify({root, ended}, {&client}, Lists({ListOf(ended, {&client})})).reason(),
            "revoked");
}

TEST(ChainRevocation, OtherFaultsAreReported) {
  x509::CertificateTemplate what = x509::ClientTemplate("client");
  what.not_after = x509::kNow - 1;
  const x509::Credential client = x509::MakeCredential(what, &x509::Root());
  EXPECT_EQ(Verify({x509::Root()}, {&client}, Lists({ListOf(x509::Root(), {&client})})).reason(),
            "expired");
}

TEST(ChainRevocation, TheListsArePartOfTheId) {
  ChainVerifier::Options without, with, required;
  with.revocation = Lists({ListOf(x509::Root(), {})});
  required.revocation = Lists({ListOf(x509::Root(), {})}, true);
  const std::string a = ChainVerifier(x509::Trust({x509::Root()}), without).id();
  const std::string b = ChainVerifier(x509::Trust({x509::Root()}), with).id();
  const std::string c = ChainVerifier(x509::Trust({x509::Root()}), required).id();
  EXPECT_NE(a, b);
  EXPECT_NE(b, c);
}

}  // namespace
}  // namespace mantlet::verify
