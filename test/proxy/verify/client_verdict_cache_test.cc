// Checks that the cache never returns another verdict than a full check.

#include "proxy/verify/client_verdict_cache.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "proxy/x509/revocation_lists.h"
#include "test/proxy/x509/crl_maker.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::verify {
namespace {

// The settings that a listener's rules consist of.
struct Rules {
  std::vector<x509::Credential> anchors = {x509::Root()};
  std::vector<x509::RevocationListPtr> lists = {};
  std::vector<std::string> pins = {};
};

ClientVerifier Verifier(const Rules& rules) {
  ChainVerifier::Options how;
  if (!rules.lists.empty()) how.revocation = x509::RevocationLists::Create(rules.lists, {});
  ClientVerifier::Options options;
  options.by_trust_bundle = std::make_shared<const ChainVerifier>(x509::Trust(rules.anchors), how);
  options.spki_pins = rules.pins;
  return ClientVerifier(std::move(options));
}

class ClientVerdictCacheTest : public testing::Test {
 protected:
  ClientCheck Check(const ClientVerifier& verifier,
                    const std::vector<const x509::Credential*>& chain, int64_t now = x509::kNow) {
    return clients_->Check(verifier, x509::Chain(chain), now);
  }
  std::string Reason(const Rules& rules, const std::vector<const x509::Credential*>& chain,
                     int64_t now = x509::kNow) {
    const ClientCheck check = Check(Verifier(rules), chain, now);
    EXPECT_EQ(check.verdict.ok(), check.certificate != nullptr);
    return std::string(check.verdict.reason());
  }

  // The certificate of an open connection.
  using CertificatePointer = std::shared_ptr<const identity::ClientCertificate>;
  VerifyResult Again(const ClientVerifier& verifier, const CertificatePointer& certificate,
                     int64_t now = x509::kNow, Expired expired = Expired::kRefuse) {
    return clients_->Recheck(verifier, certificate, now, expired);
  }

  void Limit(const ClientVerdictCache::Limits& limits) {
    clients_ = std::make_unique<ClientVerdictCache>(limits);
  }

  const x509::Credential client_ =
      x509::MakeCredential(x509::ClientTemplate("alice"), &x509::Root());
  std::unique_ptr<ClientVerdictCache> clients_ = std::make_unique<ClientVerdictCache>();
};

TEST_F(ClientVerdictCacheTest, AReturningClientIsNotVerifiedAgain) {
  const ClientVerifier verifier = Verifier({});
  const ClientCheck full = CheckClient(verifier, x509::Chain({&client_}), x509::kNow);
  const ClientCheck first = Check(verifier, {&client_});
  const ClientCheck again = Check(verifier, {&client_}, x509::kNow + 5);
  ASSERT_TRUE(again.verdict.ok());
  EXPECT_EQ(again.certificate, first.certificate) << "the same object";
  EXPECT_EQ(again.verdict.valid_until, full.verdict.valid_until);
  EXPECT_EQ(again.certificate->subject, full.certificate->subject);
  EXPECT_EQ(again.certificate->der, full.certificate->der);
}

TEST_F(ClientVerdictCacheTest, EqualRulesShareTheirVerdicts) {
  // Two listeners, or one listener before and after a reload that changed nothing for it.
  const ClientCheck first = Check(Verifier({}), {&client_});
  EXPECT_EQ(Check(Verifier({}), {&client_}).certificate, first.certificate);
}

TEST_F(ClientVerdictCacheTest, ARemovedCaCountsAtOnce) {
  EXPECT_EQ(Reason({}, {&client_}), "");
  const x509::Credential other = x509::MakeCredential(x509::CaTemplate("other"), nullptr);
  EXPECT_EQ(Reason({.anchors = {other}}, {&client_}), "unknown_ca");
  EXPECT_EQ(Reason({}, {&client_}), "") << "the other listener's clients stay what they are";
}

TEST_F(ClientVerdictCacheTest, ANewRevocationListCountsAtOnce) {
  const x509::RevocationListPtr before = x509::List(x509::CrlTemplate::Revoking({}), x509::Root());
  x509::CrlTemplate newer = x509::CrlTemplate::Revoking({&client_});
  newer.number = 2;
  EXPECT_EQ(Reason({.lists = {before}}, {&client_}), "");
  EXPECT_EQ(Reason({.lists = {x509::List(newer, x509::Root())}}, {&client_}), "revoked");
  EXPECT_EQ(Reason({.lists = {before, x509::List(newer, x509::Root())}}, {&client_}), "revoked");
}

TEST_F(ClientVerdictCacheTest, ARemovedPinCountsAtOnce) {
  const std::string pin = Check(Verifier({}), {&client_}).certificate->spki_sha256;
  const std::string other(64, '0');
  EXPECT_EQ(Reason({.pins = {pin, other}}, {&client_}), "");
  EXPECT_EQ(Reason({.pins = {other}}, {&client_}), "not_pinned");
}

TEST_F(ClientVerdictCacheTest, ACertificateThatExpiresIsRejectedFromThatSecondOn) {
  const int64_t end = client_.certificate->not_after() + 1;
  EXPECT_EQ(Reason({}, {&client_}), "");
  EXPECT_EQ(Reason({}, {&client_}, end - 1), "");
  EXPECT_EQ(Reason({}, {&client_}, end), "expired");
  EXPECT_EQ(clients_->size(), 0u) << "what has ended is forgotten";
  EXPECT_EQ(clients_->bytes(), 0u);
}

TEST_F(ClientVerdictCacheTest, AnIntermediateThatExpiresEndsTheVerdict) {
  x509::CertificateTemplate brief = x509::CaTemplate("brief");
  brief.not_after = x509::kNow + 60;
  const x509::Credential ca = x509::MakeCredential(brief, &x509::Root());
  const x509::Credential leaf = x509::MakeCredential(x509::ClientTemplate("bob"), &ca);
  EXPECT_EQ(Reason({}, {&leaf, &ca}), "");
  EXPECT_EQ(Reason({}, {&leaf, &ca}, x509::kNow + 60), "");
  EXPECT_EQ(Reason({}, {&leaf, &ca}, x509::kNow + 61), "expired");
}

TEST_F(ClientVerdictCacheTest, AnExpiredListRejects) {
  x509::CrlTemplate brief = x509::CrlTemplate::Revoking({});
  brief.next_update = x509::kNow + 60;
  const Rules rules = {.lists = {x509::List(brief, x509::Root())}};
  EXPECT_EQ(Reason(rules, {&client_}), "");
  EXPECT_EQ(Reason(rules, {&client_}, x509::kNow + 59), "");
  EXPECT_EQ(Reason(rules, {&client_}, x509::kNow + 60), "crl_expired");
}

TEST_F(ClientVerdictCacheTest, AListThatIsDatedAheadCountsFromItsSecondOn) {
  x509::CrlTemplate ahead = x509::CrlTemplate::Revoking({&client_});
  ahead.this_update = x509::kNow + 3600;
  const int64_t in_force = ahead.this_update - x509::RevocationLists::kClockSkewSeconds;
  const Rules rules = {.lists = {x509::List(x509::CrlTemplate::Revoking({}), x509::Root()),
                                 x509::List(ahead, x509::Root())}};
  EXPECT_EQ(Reason(rules, {&client_}), "");
  EXPECT_EQ(Reason(rules, {&client_}, in_force - 1), "");
  EXPECT_EQ(Reason(rules, {&client_}, in_force), "revoked");
}

TEST_F(ClientVerdictCacheTest, AClockThatIsSetBackCausesAnotherCheck) {
  const ClientVerifier verifier = Verifier({});
  const ClientCheck first = Check(verifier, {&client_});
  const ClientCheck before = Check(verifier, {&client_}, x509::kNow - 1);
  EXPECT_TRUE(before.verdict.ok());
  EXPECT_NE(before.certificate, first.certificate);
  EXPECT_EQ(Reason({}, {&client_}, client_.certificate->not_before() - 1), "not_yet_valid");
}

TEST_F(ClientVerdictCacheTest, RejectionsAreNotCached) {
  EXPECT_EQ(Reason({}, {&client_}, client_.certificate->not_before() - 1), "not_yet_valid");
  EXPECT_EQ(clients_->size(), 0u);
  EXPECT_EQ(Reason({}, {&client_}), "");
}

// ---- clients with open connections

TEST_F(ClientVerdictCacheTest, TheConnectionsOfOneClientAreCheckedOnce) {
  const CertificatePointer known = Check(Verifier({}), {&client_}).certificate;
  const Rules newer = {
      .anchors = {x509::Root(), x509::MakeCredential(x509::CaTemplate("other"), nullptr)}};
  const ClientVerifier verifier = Verifier(newer);
  const VerifyResult full = CheckClient(verifier, x509::Chain({&client_}), x509::kNow).verdict;
  EXPECT_EQ(Again(verifier, known).valid_until, full.valid_until);
  EXPECT_EQ(clients_->size(), 2u);
  // Another connection, with a separate object.
  EXPECT_EQ(
      Again(verifier, std::make_shared<const identity::ClientCertificate>(*known)).valid_until,
      full.valid_until);
  EXPECT_EQ(clients_->size(), 2u);
  EXPECT_EQ(Check(verifier, {&client_}).certificate, known) << "who comes again finds it, too";
}

TEST_F(ClientVerdictCacheTest, AVerdictOfAHandshakeHoldsForOpenConnectionsToo) {
  const ClientVerifier verifier = Verifier({});
  const ClientCheck first = Check(verifier, {&client_});
  EXPECT_EQ(Again(verifier, first.certificate, x509::kNow + 5).valid_until,
            first.verdict.valid_until);
  EXPECT_EQ(clients_->size(), 1u);
}

TEST_F(ClientVerdictCacheTest, AVerdictThatIgnoresExpiryIsNotReturnedToOtherCallers) {
  const ClientVerifier verifier = Verifier({});
  const CertificatePointer alice = Check(verifier, {&client_}).certificate;
  const int64_t end = client_.certificate->not_after() + 1;
  EXPECT_TRUE(Again(verifier, alice, end, Expired::kAccept).ok());
  EXPECT_EQ(Reason({}, {&client_}, end), "expired") << "in a handshake";
  EXPECT_EQ(Again(verifier, alice, end).reason(), "expired");
  EXPECT_TRUE(Again(verifier, alice, end, Expired::kAccept).ok()) << "and is still one for itself";
  EXPECT_EQ(Reason({}, {&client_}, end + 5), "expired");
}

TEST_F(ClientVerdictCacheTest, AVerdictThatIgnoresExpiryIsNotReturnedBeforeTheExpiry) {
  const ClientVerifier verifier = Verifier({});
  const CertificatePointer alice =
      CheckClient(verifier, x509::Chain({&client_}), x509::kNow).certificate;
  const int64_t end = client_.certificate->not_after() + 1;
  EXPECT_EQ(Again(verifier, alice, end - 1, Expired::kAccept).valid_until, end);
  EXPECT_EQ(clients_->size(), 1u);
  EXPECT_NE(Check(verifier, {&client_}, end - 1).certificate, alice) << "was looked at";
  EXPECT_EQ(clients_->size(), 2u);
  EXPECT_EQ(Reason({}, {&client_}, end), "expired");
}

TEST_F(ClientVerdictCacheTest, AnAcceptedExpiredLeafStillDependsOnTheRestOfItsPath) {
  x509::CertificateTemplate brief = x509::CaTemplate("brief");
  brief.not_after = x509::kNow + 60;
  const x509::Credential ca = x509::MakeCredential(brief, nullptr);
  x509::CertificateTemplate briefer = x509::ClientTemplate("bob");
  briefer.not_after = x509::kNow + 30;
  const x509::Credential leaf = x509::MakeCredential(briefer, &ca);
  const ClientVerifier verifier = Verifier({.anchors = {ca}});
  const CertificatePointer bob = Check(verifier, {&leaf}).certificate;
  EXPECT_EQ(Again(verifier, bob, x509::kNow, Expired::kAccept).valid_until, x509::kNow + 31);
  EXPECT_EQ(Again(verifier, bob, x509::kNow + 31, Expired::kAccept).valid_until, x509::kNow + 61);
}

TEST_F(ClientVerdictCacheTest, AChangeAgainstAnOpenConnectionCountsAtOnce) {
  x509::CrlTemplate newer = x509::CrlTemplate::Revoking({&client_});
  newer.number = 2;
  const CertificatePointer alice = Check(Verifier({}), {&client_}).certificate;
  const x509::Credential other = x509::MakeCredential(x509::CaTemplate("other"), nullptr);
  for (const Expired expired : {Expired::kRefuse, Expired::kAccept}) {
    EXPECT_TRUE(Again(Verifier({}), alice, x509::kNow, expired).ok());
    const size_t before = clients_->size();
    EXPECT_EQ(Again(Verifier({.anchors = {other}}), alice, x509::kNow, expired).reason(),
              "unknown_ca");
    EXPECT_EQ(
        Again(Verifier({.lists = {x509::List(newer, x509::Root())}}), alice, x509::kNow, expired)
            .reason(),
        "revoked");
    EXPECT_EQ(
        Again(Verifier({.pins = {std::string(64, '0')}}), alice, x509::kNow, expired).reason(),
        "not_pinned");
    EXPECT_EQ(clients_->size(), before) << "refusals are not remembered";
  }
}

TEST_F(ClientVerdictCacheTest, OpenConnectionsOfManyClientsStayWithinTheBound) {
  Limit({.clients = 4});
  const ClientVerifier verifier = Verifier({});
  for (int i = 0; i < 9; ++i) {
    const x509::Credential other =
        x509::MakeCredential(x509::ClientTemplate("other"), &x509::Root());
    const CertificatePointer certificate =
        CheckClient(verifier, x509::Chain({&other}), x509::kNow).certificate;
    EXPECT_TRUE(Again(verifier, certificate).ok());
    EXPECT_TRUE(Again(verifier, certificate, x509::kNow, Expired::kAccept).ok());
    EXPECT_LE(clients_->size(), 4u);
  }
}

TEST_F(ClientVerdictCacheTest, EveryByteAndTheOrderCount) {
  const x509::Credential leaf =
      x509::MakeCredential(x509::ClientTemplate("bob"), &x509::Intermediate());
  const ClientVerifier verifier = Verifier({});
  const ClientCheck whole = Check(verifier, {&leaf, &x509::Intermediate()});
  ASSERT_TRUE(whole.verdict.ok());
  EXPECT_EQ(Check(verifier, {&leaf}).verdict.reason(), "unknown_ca");
  EXPECT_FALSE(Check(verifier, {&x509::Intermediate(), &leaf}).verdict.ok());
  // One certificate with the bytes of both.
  const std::string joined = leaf.certificate->der() + x509::Intermediate().certificate->der();
  EXPECT_FALSE(clients_->Check(verifier, {std::string_view(joined)}, x509::kNow).verdict.ok());
  std::string damaged = leaf.certificate->der();
  damaged.back() ^= 1;
  EXPECT_FALSE(
      clients_->Check(verifier, {damaged, x509::Intermediate().certificate->der()}, x509::kNow)
          .verdict.ok());
  EXPECT_EQ(clients_->size(), 1u);
}

TEST_F(ClientVerdictCacheTest, TheMostRecentClientStaysCached) {
  Limit({.clients = 4});
  const ClientVerifier verifier = Verifier({});
  const ClientCheck first = Check(verifier, {&client_});
  for (int i = 0; i < 9; ++i) {
    const x509::Credential other =
        x509::MakeCredential(x509::ClientTemplate("other"), &x509::Root());
    EXPECT_TRUE(Check(verifier, {&other}).verdict.ok());
    EXPECT_LE(clients_->size(), 4u);
    EXPECT_EQ(Check(verifier, {&client_}).certificate, first.certificate);
  }
  for (int i = 0; i < 4; ++i) {
    const x509::Credential other =
        x509::MakeCredential(x509::ClientTemplate("other"), &x509::Root());
    EXPECT_TRUE(Check(verifier, {&other}).verdict.ok());
  }
  const ClientCheck forgotten = Check(verifier, {&client_});
  EXPECT_TRUE(forgotten.verdict.ok());
  EXPECT_NE(forgotten.certificate, first.certificate);
  EXPECT_EQ(first.certificate->subject, "CN=alice") << "whoever has it may keep it";
}

TEST_F(ClientVerdictCacheTest, VariantsOfOneChainStayWithinTheBoundOfBytes) {
  Limit({.bytes = 20'000});
  const ClientVerifier verifier = Verifier({});
  std::vector<const x509::Credential*> chain = {&client_};
  for (int i = 0; i < 40; ++i) {
    EXPECT_TRUE(Check(verifier, chain).verdict.ok()) << i;
    EXPECT_LE(clients_->bytes(), 20'000u);
    chain.push_back(&x509::Intermediate());  // unrelated to this leaf
  }
  EXPECT_GT(clients_->size(), 0u);
}

TEST_F(ClientVerdictCacheTest, ALongChainIsVerifiedEveryTime) {
  Limit({.chain_bytes = client_.certificate->der().size()});
  const ClientVerifier verifier = Verifier({});
  EXPECT_TRUE(Check(verifier, {&client_, &x509::Intermediate()}).verdict.ok());
  EXPECT_EQ(clients_->size(), 0u);
  EXPECT_TRUE(Check(verifier, {&client_}).verdict.ok());
  EXPECT_EQ(clients_->size(), 1u);
}

}  // namespace
}  // namespace mantlet::verify
