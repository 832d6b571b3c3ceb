#include "proxy/tls/revocation_lists.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "test/proxy/tls/crl_maker.h"
#include "test/proxy/tls/pki.h"

namespace mantlet::tls {
namespace {

using ::testing::HasSubstr;
using Verdict = RevocationLists::Verdict;
using Options = RevocationLists::Options;

class RevocationListsTest : public ::testing::Test {
 protected:
  RevocationLists::Status Ask(const std::vector<RevocationListPtr>& lists, Options options = {},
                              int64_t now = kNow) {
    return RevocationLists::Create(lists, options)
        ->Check(client_.certificate->x509(), Root().certificate->x509(), now);
  }

  const Credential client_ = MakeCredential(ClientTemplate("client"), &Root());
  const RevocationListPtr good_ = List(CrlTemplate::Revoking({}), Root());
  const RevocationListPtr bad_ = List(CrlTemplate::Revoking({&client_}), Root());
};

TEST_F(RevocationListsTest, ACertificateOnTheListIsRevoked) {
  const auto status = Ask({bad_});
  EXPECT_EQ(status.verdict, Verdict::kRevoked);
  EXPECT_THAT(status.detail, HasSubstr(Root().certificate->subject()));
}

TEST_F(RevocationListsTest, AnotherIsGoodUntilTheListIsToBeReplaced) {
  const auto status = Ask({good_});
  EXPECT_EQ(status.verdict, Verdict::kGood);
  EXPECT_EQ(status.next_update, kNow + 6 * kDay);
}

TEST_F(RevocationListsTest, AListWithoutNextUpdateHoldsForever) {
  CrlTemplate what = CrlTemplate::Revoking({});
  what.next_update = 0;
  const auto status = Ask({List(what, Root())}, {}, kNow + 5000 * kDay);
  EXPECT_EQ(status.verdict, Verdict::kGood);
  EXPECT_EQ(status.next_update, RevocationLists::kForever);
}

TEST_F(RevocationListsTest, WithoutAListOnlyRequireRefuses) {
  EXPECT_EQ(Ask({}).verdict, Verdict::kGood);
  EXPECT_EQ(Ask({}).next_update, RevocationLists::kForever);
  EXPECT_EQ(Ask({}, {.require = true}).verdict, Verdict::kMissing);
}

TEST_F(RevocationListsTest, AnotherCasListSaysNothing) {
  CrlTemplate what = CrlTemplate::Revoking({&client_});
  const RevocationListPtr other = List(what, Intermediate());
  EXPECT_EQ(Ask({other}).verdict, Verdict::kGood);
  EXPECT_EQ(Ask({other}, {.require = true}).verdict, Verdict::kMissing);
}

TEST_F(RevocationListsTest, AListInTheIssuersNameByAnotherKeyIsRefused) {
  CrlTemplate what = CrlTemplate::Revoking({});
  what.issuer_der = Root().certificate->subject_der();
  const auto status = Ask({List(what, Intermediate())});
  EXPECT_EQ(status.verdict, Verdict::kMissing);
  EXPECT_THAT(status.detail, HasSubstr("another key"));
}

TEST_F(RevocationListsTest, AForgedListDoesNotHideTheGenuineOne) {
  CrlTemplate what = CrlTemplate::Revoking({});
  what.issuer_der = Root().certificate->subject_der();
  what.this_update = kNow;
  EXPECT_EQ(Ask({List(what, Intermediate()), bad_}).verdict, Verdict::kRevoked);
}

TEST_F(RevocationListsTest, EachOfTwoKeysOfOneCaAnswersForItsOwnCertificates) {
  const Credential old_ca = MakeCredential(CaTemplate("ca"), nullptr);
  const Credential new_ca = MakeCredential(CaTemplate("ca"), nullptr);
  const Credential old_client = MakeCredential(ClientTemplate("old"), &old_ca);
  const Credential new_client = MakeCredential(ClientTemplate("new"), &new_ca);
  const auto lists = RevocationLists::Create(
      {List(CrlTemplate::Revoking({&old_client}), old_ca), List(CrlTemplate::Revoking({}), new_ca)},
      {.require = true});
  auto verdict = [&](const Credential& client, const Credential& ca) {
    return lists->Check(client.certificate->x509(), ca.certificate->x509(), kNow).verdict;
  };
  EXPECT_EQ(verdict(old_client, old_ca), Verdict::kRevoked);
  EXPECT_EQ(verdict(new_client, new_ca), Verdict::kGood);
}

TEST_F(RevocationListsTest, ACaThatMayNotSignListsHasNone) {
  CertificateTemplate what = CaTemplate("mute");
  what.key_usage = {"keyCertSign"};
  const Credential ca = MakeCredential(what, nullptr);
  const Credential client = MakeCredential(ClientTemplate("client"), &ca);
  const auto lists = RevocationLists::Create({List(CrlTemplate::Revoking({}), ca)}, {});
  const auto status = lists->Check(client.certificate->x509(), ca.certificate->x509(), kNow);
  EXPECT_EQ(status.verdict, Verdict::kMissing);
  EXPECT_THAT(status.detail, HasSubstr("cRLSign"));
}

TEST_F(RevocationListsTest, ACaWithoutKeyUsageMaySignLists) {
  CertificateTemplate what = CaTemplate("old style");
  what.no_key_usage = true;
  const Credential ca = MakeCredential(what, nullptr);
  const Credential client = MakeCredential(ClientTemplate("client"), &ca);
  const auto lists =
      RevocationLists::Create({List(CrlTemplate::Revoking({}), ca)}, {.require = true});
  EXPECT_EQ(lists->Check(client.certificate->x509(), ca.certificate->x509(), kNow).verdict,
            Verdict::kGood);
}

TEST_F(RevocationListsTest, TheNewestListDecides) {
  CrlTemplate newer = CrlTemplate::Revoking({});
  newer.this_update += 60;
  EXPECT_EQ(Ask({bad_, List(newer, Root())}).verdict, Verdict::kGood);
  newer = CrlTemplate::Revoking({&client_});
  newer.this_update += 60;
  EXPECT_EQ(Ask({List(newer, Root()), good_}).verdict, Verdict::kRevoked);
}

TEST_F(RevocationListsTest, OfOneSecondTheHigherNumberDecides) {
  CrlTemplate newer = CrlTemplate::Revoking({});
  newer.number = 9;
  EXPECT_EQ(Ask({bad_, List(newer, Root())}).verdict, Verdict::kGood);
  EXPECT_EQ(Ask({List(newer, Root()), bad_}).verdict, Verdict::kGood);
}

TEST_F(RevocationListsTest, AnOverdueListRefusesUnlessItMayBeUsed) {
  const int64_t due = kNow + 6 * kDay;
  EXPECT_EQ(Ask({good_}, {}, due - 1).verdict, Verdict::kGood);
  EXPECT_EQ(Ask({good_}, {}, due).verdict, Verdict::kExpired);
  const auto used = Ask({good_}, {.use_expired = true}, due);
  EXPECT_EQ(used.verdict, Verdict::kGood);
  EXPECT_EQ(used.next_update, RevocationLists::kForever);
}

TEST_F(RevocationListsTest, WhatAnOverdueListNamesStaysRevoked) {
  EXPECT_EQ(Ask({bad_}, {}, kNow + 60 * kDay).verdict, Verdict::kRevoked);
  EXPECT_EQ(Ask({bad_}, {.use_expired = true}, kNow + 60 * kDay).verdict, Verdict::kRevoked);
}

TEST_F(RevocationListsTest, AListFromTheNearFutureCountsAndOneFromFarAheadDoesNot) {
  CrlTemplate what = CrlTemplate::Revoking({});
  what.this_update = kNow + RevocationLists::kClockSkewSeconds;
  EXPECT_EQ(Ask({List(what, Root())}).verdict, Verdict::kGood);
  what.this_update += 1;
  const auto status = Ask({List(what, Root())});
  EXPECT_EQ(status.verdict, Verdict::kExpired);
  EXPECT_THAT(status.detail, HasSubstr("clock"));
  EXPECT_EQ(Ask({List(what, Root()), bad_}).verdict, Verdict::kRevoked);
}

TEST_F(RevocationListsTest, AListForCasSaysNothingOfUsers) {
  CrlTemplate what = CrlTemplate::Revoking({&client_});
  what.extensions = Extension("\x55\x1d\x1c", true, std::string_view("\x30\x03\x82\x01\xff", 5));
  EXPECT_EQ(Ask({List(what, Root())}).verdict, Verdict::kGood);
  EXPECT_EQ(Ask({List(what, Root())}, {.require = true}).verdict, Verdict::kMissing);
}

TEST_F(RevocationListsTest, TheIdIsThatOfWhatDecidesInAnyOrder) {
  auto id = [](std::vector<RevocationListPtr> lists, Options options) {
    return RevocationLists::Create(std::move(lists), options)->id();
  };
  EXPECT_EQ(id({good_, bad_}, {}), id({bad_, good_, bad_}, {}));
  EXPECT_NE(id({good_}, {}), id({bad_}, {}));
  EXPECT_NE(id({good_}, {}), id({good_}, {.require = true}));
  EXPECT_NE(id({good_}, {}), id({good_}, {.use_expired = true}));
}

TEST_F(RevocationListsTest, ManyThreadsMayAskAtOnce) {
  const auto lists = RevocationLists::Create({bad_}, {});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const Credential other = MakeCredential(CaTemplate("mantlet test root"), nullptr);
      for (int time = 0; time < 200; ++time) {
        EXPECT_EQ(
            lists->Check(client_.certificate->x509(), Root().certificate->x509(), kNow).verdict,
            Verdict::kRevoked);
        EXPECT_FALSE(bad_->SignedBy(other.certificate->x509()));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace mantlet::tls
