#include "proxy/x509/revocation_lists.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509.h>

#include <thread>

#include "proxy/x509/der_writer.h"
#include "test/proxy/x509/crl_maker.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::x509 {
namespace {

using der::Element;
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

TEST_F(RevocationListsTest, WithoutAListOnlyRequireRejects) {
  EXPECT_EQ(Ask({}).verdict, Verdict::kGood);
  EXPECT_EQ(Ask({}).next_update, RevocationLists::kForever);
  EXPECT_EQ(Ask({}, {.require = true}).verdict, Verdict::kMissing);
}

TEST_F(RevocationListsTest, AnotherCasListIsIgnored) {
  CrlTemplate what = CrlTemplate::Revoking({&client_});
  const RevocationListPtr other = List(what, Intermediate());
  EXPECT_EQ(Ask({other}).verdict, Verdict::kGood);
  EXPECT_EQ(Ask({other}, {.require = true}).verdict, Verdict::kMissing);
}

TEST_F(RevocationListsTest, AListInTheIssuersNameByAnotherKeyIsRejected) {
  CrlTemplate what = CrlTemplate::Revoking({});
  what.issuer_der = Root().certificate->subject_der();
  const auto status = Ask({List(what, Intermediate())});
  EXPECT_EQ(status.verdict, Verdict::kMissing);
  EXPECT_THAT(status.detail, HasSubstr("another key"));
}

TEST_F(RevocationListsTest, TheIssuersNameMayHaveAnotherEncoding) {
  CertificateTemplate named = ClientTemplate("client");
  named.printable_issuer = true;
  CrlTemplate what = CrlTemplate::Revoking({&client_});
  what.issuer_der = MakeCredential(named, &Root()).certificate->issuer_der();
  ASSERT_NE(what.issuer_der, Root().certificate->subject_der());
  EXPECT_EQ(Ask({List(what, Root())}).verdict, Verdict::kRevoked);
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

TEST_F(RevocationListsTest, OfListsThatNothingPutsInOrderAnyMayRevoke) {
  for (const std::optional<uint8_t> number :
       {std::optional<uint8_t>(), std::optional<uint8_t>(7)}) {
    CrlTemplate good = CrlTemplate::Revoking({}), bad = CrlTemplate::Revoking({&client_});
    good.number = bad.number = number;
    EXPECT_EQ(Ask({List(good, Root()), List(bad, Root())}).verdict, Verdict::kRevoked);
    EXPECT_EQ(Ask({List(bad, Root()), List(good, Root())}).verdict, Verdict::kRevoked);
    // A newer list without the entry decides.
    CrlTemplate newer = CrlTemplate::Revoking({});
    newer.this_update += 60;
    EXPECT_EQ(Ask({List(good, Root()), List(bad, Root()), List(newer, Root())}).verdict,
              Verdict::kGood);
  }
}

TEST_F(RevocationListsTest, OfListsThatNothingPutsInOrderTheFirstToBeReplacedLimitsTheVerdict) {
  CrlTemplate early = CrlTemplate::Revoking({});
  early.next_update = kNow + kDay;
  EXPECT_EQ(Ask({good_, List(early, Root())}).next_update, kNow + kDay);
  EXPECT_EQ(Ask({List(early, Root()), good_}).next_update, kNow + kDay);
}

TEST_F(RevocationListsTest, AnExpiredListRejectsUnlessItMayBeUsed) {
  const int64_t due = kNow + 6 * kDay;
  EXPECT_EQ(Ask({good_}, {}, due - 1).verdict, Verdict::kGood);
  EXPECT_EQ(Ask({good_}, {}, due).verdict, Verdict::kExpired);
  const auto used = Ask({good_}, {.use_expired = true}, due);
  EXPECT_EQ(used.verdict, Verdict::kGood);
  EXPECT_EQ(used.next_update, RevocationLists::kForever);
}

TEST_F(RevocationListsTest, WhatAnExpiredListNamesStaysRevoked) {
  EXPECT_EQ(Ask({bad_}, {}, kNow + 60 * kDay).verdict, Verdict::kRevoked);
  EXPECT_EQ(Ask({bad_}, {.use_expired = true}, kNow + 60 * kDay).verdict, Verdict::kRevoked);
}

TEST_F(RevocationListsTest, AListFromTheNearFutureCountsAndOneFromFarAheadDoesNot) {
  CrlTemplate what = CrlTemplate::Revoking({});
  what.this_update = kNow + RevocationLists::kClockSkewSeconds;
  EXPECT_EQ(Ask({List(what, Root())}).verdict, Verdict::kGood);
  what.this_update += 1;
  const auto status = Ask({List(what, Root())});
  EXPECT_EQ(status.verdict, Verdict::kNotYetValid);
  EXPECT_THAT(status.detail, HasSubstr("clock"));
  EXPECT_EQ(Ask({List(what, Root()), bad_}).verdict, Verdict::kRevoked);
}

TEST_F(RevocationListsTest, AListForCasDoesNotCoverUsers) {
  CrlTemplate what = CrlTemplate::Revoking({&client_});
  what.extensions = Extension("\x55\x1d\x1c", true, std::string_view("\x30\x03\x82\x01\xff", 5));
  EXPECT_EQ(Ask({List(what, Root())}).verdict, Verdict::kGood);
  EXPECT_EQ(Ask({List(what, Root())}, {.require = true}).verdict, Verdict::kMissing);
}

// Tests of lists that cover a part of a CA's certificates (RFC 5280, 6.3.3).
class PartialListsTest : public ::testing::Test {
 protected:
  static std::string Uri(std::string_view uri) { return Element(der::Context(6), uri); }
  // Returns the CHOICE DistributionPointName with a full name.
  static std::string FullName(std::string_view names) {
    return Element(der::ContextConstructed(0), Element(der::ContextConstructed(0), names));
  }
  static std::string Reasons(uint8_t tag, std::string_view bits) {
    return Element(der::Context(tag), std::string(1, '\0') + std::string(bits));
  }
  static std::string Point(std::string_view fields) { return Element(der::kSequence, fields); }
  // Returns a client certificate with these distribution points.
  static Credential Client(std::string_view points) {
    CertificateTemplate what = ClientTemplate("client");
    if (!points.empty()) {
      what.raw_extensions = {{"2.5.29.31", false, Element(der::kSequence, points)}};
    }
    return MakeCredential(what, &Root());
  }
  static RevocationListPtr ListAt(std::string_view fields,
                                  const std::vector<const Credential*>& revoked = {},
                                  int64_t this_update = kNow - kDay) {
    CrlTemplate what = CrlTemplate::Revoking(revoked);
    what.this_update = this_update;
    what.extensions = Extension("\x55\x1d\x1c", true, Element(der::kSequence, fields));
    return List(what, Root());
  }
  // Returns the same result under both policies: a partial list counts as a list.
  static std::string Ask(const Credential& client, const std::vector<RevocationListPtr>& lists) {
    static constexpr const char* kWords[] = {"good", "revoked", "missing", "expired"};
    std::string words[2];
    for (const bool require : {false, true}) {
      const auto status = RevocationLists::Create(lists, {.require = require})
                              ->Check(client.certificate->x509(), Root().certificate->x509(), kNow);
      words[require ? 1 : 0] = kWords[static_cast<int>(status.verdict)];
    }
    EXPECT_EQ(words[0], words[1]);
    return words[0];
  }

  const std::string here_ = FullName(Uri("https://ca.test/1.crl"));
  const std::string there_ = FullName(Uri("https://ca.test/2.crl"));
  const Credential client_ = Client(Point(here_));
  const Credential without_ = Client("");
};

TEST_F(PartialListsTest, ANamedListCountsForCertificatesThatNameIt) {
  EXPECT_EQ(Ask(client_, {ListAt(here_)}), "good");
  EXPECT_EQ(Ask(client_, {ListAt(here_, {&client_})}), "revoked");
  EXPECT_EQ(Ask(client_, {ListAt(FullName(Uri("ldap://x/") + Uri("HTTPS://CA.test/1.crl")))}),
            "good");
  const Credential several =
      Client(Point(FullName(Uri("ldap://x/") + Uri("https://ca.test/1.crl"))) + Point(there_));
  EXPECT_EQ(Ask(several, {ListAt(here_)}), "good");
  EXPECT_EQ(Ask(several, {ListAt(there_)}), "good");
}

TEST_F(PartialListsTest, ANamedListDoesNotCountForOthers) {
  EXPECT_EQ(Ask(client_, {ListAt(there_)}), "missing");
  EXPECT_EQ(Ask(client_, {ListAt(FullName(Uri("https://ca.test/1.CRL")))}), "missing");
  EXPECT_EQ(Ask(client_, {ListAt(FullName(Element(der::Context(2), "https://ca.test/1.crl")))}),
            "missing");
  EXPECT_EQ(Ask(without_, {ListAt(here_)}), "missing");
  EXPECT_EQ(Ask(without_, {ListAt(here_, {&without_})}), "missing");
  EXPECT_EQ(Ask(Client(Point("")), {ListAt(here_)}), "missing");
  EXPECT_EQ(Ask(client_, {ListAt(there_), ListAt(here_)}), "good");
}

TEST_F(PartialListsTest, APointThatRefersToAnotherIssuersListIsNone) {
  const std::string issuer =
      Element(der::ContextConstructed(2),
              Element(der::ContextConstructed(4), Root().certificate->subject_der()));
  EXPECT_EQ(Ask(Client(Point(here_ + issuer)), {ListAt(here_)}), "missing");
}

TEST_F(PartialListsTest, PointsThatCannotBeParsedAreNone) {
  for (const std::string& points : {std::string("x"), Point(here_) + Point("x"), Point(here_) + "x",
                                    Point(here_ + Element(der::kBoolean, "\xff"))}) {
    CertificateTemplate what = ClientTemplate("client");
    what.raw_extensions = {{"2.5.29.31", false, Element(der::kSequence, points)}};
    const PrivateKeyPtr key = *GenerateKey(KeyType::kP256);
    const std::string der = *IssueDer(what, *key, &Root());
    const auto* in = reinterpret_cast<const uint8_t*>(der.data());
    X509* x509 = d2i_X509(nullptr, &in, static_cast<long>(der.size()));
    ASSERT_NE(x509, nullptr);
    EXPECT_EQ(RevocationLists::Create({ListAt(here_)}, {})
                  ->Check(x509, Root().certificate->x509(), kNow)
                  .verdict,
              Verdict::kMissing);
    X509_free(x509);
  }
}

TEST_F(PartialListsTest, EveryCertificateHasAPointWithItsIssuersName) {
  const std::string issuer = Element(der::ContextConstructed(4), Root().certificate->subject_der());
  EXPECT_EQ(Ask(without_, {ListAt(FullName(issuer))}), "good");
  const std::string other =
      Element(der::ContextConstructed(4), Intermediate().certificate->subject_der());
  EXPECT_EQ(Ask(without_, {ListAt(FullName(other))}), "missing");
}

TEST_F(PartialListsTest, ARelativeNameContinuesThatOfTheIssuer) {
  const std::string attribute =
      Element(der::kSequence, Element(0x06, "\x55\x04\x03") + Element(0x0c, "crl one"));
  const std::string relative =
      Element(der::ContextConstructed(0), Element(der::ContextConstructed(1), attribute));
  const std::string& issuer = Root().certificate->subject_der();
  const std::string full =
      FullName(Element(der::ContextConstructed(4),
                       Element(der::kSequence, issuer.substr(2) + Element(0x31, attribute))));
  EXPECT_EQ(Ask(Client(Point(relative)), {ListAt(relative)}), "good");
  EXPECT_EQ(Ask(Client(Point(full)), {ListAt(relative)}), "good");
  EXPECT_EQ(Ask(Client(Point(relative)), {ListAt(full)}), "good");
  EXPECT_EQ(Ask(without_, {ListAt(relative)}), "missing");
}

TEST_F(PartialListsTest, TogetherTheListsMustCoverAllReasons) {
  const std::string compromise = Reasons(3, "\x60"), others = Reasons(3, "\x1f\x80");
  EXPECT_EQ(Ask(client_, {ListAt(compromise)}), "missing");
  EXPECT_EQ(Ask(client_, {ListAt(compromise), ListAt(others)}), "good");
  EXPECT_EQ(Ask(client_, {ListAt(compromise, {&client_})}), "revoked");
  EXPECT_EQ(Ask(client_, {ListAt(compromise), ListAt(others, {&client_})}), "revoked");
  EXPECT_EQ(Ask(client_, {ListAt(compromise), ListAt(there_ + others)}), "missing");
  // A newer list for the same reasons does not hide a list for the other reasons.
  EXPECT_EQ(Ask(client_,
                {ListAt(compromise, {}, kNow - 1), ListAt(compromise, {&client_}), ListAt(others)}),
            "good");
}

TEST_F(PartialListsTest, APointMayBeForSomeReasonsOnly) {
  const Credential split =
      Client(Point(here_ + Reasons(1, "\x60")) + Point(there_ + Reasons(1, "\x1f\x80")));
  EXPECT_EQ(Ask(split, {ListAt(here_)}), "missing");
  EXPECT_EQ(Ask(split, {ListAt(here_), ListAt(there_)}), "good");
  EXPECT_EQ(Ask(split, {ListAt(here_), ListAt(there_, {&split})}), "revoked");
}

TEST_F(PartialListsTest, AnExpiredListOfThoseThatAreNeededRejects) {
  CrlTemplate overdue = CrlTemplate::Revoking({});
  overdue.next_update = kNow;
  overdue.extensions = Extension("\x55\x1d\x1c", true, Element(der::kSequence, Reasons(3, "\x60")));
  EXPECT_EQ(Ask(client_, {List(overdue, Root()), ListAt(Reasons(3, "\x1f\x80"))}), "expired");
  EXPECT_EQ(Ask(client_, {List(overdue, Root()), ListAt(here_, {}, kNow)}), "good");
}

TEST_F(PartialListsTest, AFullListBesideANamedOneCounts) {
  const RevocationListPtr full = List(CrlTemplate::Revoking({}), Root());
  EXPECT_EQ(Ask(without_, {ListAt(here_, {}, kNow), full}), "good");
  EXPECT_EQ(Ask(client_, {ListAt(here_, {&client_}, kNow), full}), "revoked");
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
}  // namespace mantlet::x509
