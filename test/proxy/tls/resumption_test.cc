// Tests clients that return with a ticket: a session never outlives the settings it depends on, and
// has the identity that a full handshake would have.

#include <functional>
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "test/proxy/tls/server_side.h"

namespace mantlet::tls {
namespace {

using base::ResumptionRefusal;

// The parameter is TLS1_2_VERSION or TLS1_3_VERSION.
class ResumptionTest : public testing::TestWithParam<uint16_t> {
 protected:
  ResumptionTest() {
    server_.options.listener = "public";
    server_.options.client_auth = config::ClientAuthMode::kRequire;
    server_.options.tls.session_resumption = true;
    server_.options.tls.session_lifetime = std::chrono::hours(1);
    client_ = WithCertificate({&ClientCertificate()});
    client_.min_version = client_.max_version = GetParam();
    client_.sni = "server.example";
  }

  // Makes a connection under the current context. Returns whether the handshake succeeded.
  bool Connect() {
    server_.context == nullptr ? server_.Start() : server_.Accept();
    client_end_ = std::make_unique<MemoryClient>(client_);
    client_end_->Pump(*server_.wire);
    if (!server_.peer.has_value()) return false;
    server_.stream->Write("hello");  // TLS 1.3 sends its tickets with the first bytes
    server_.stream->Flush();
    client_end_->Pump(*server_.wire);
    return true;
  }
  // Connects with the session of the last connection. Returns whether it was resumed.
  bool ComeBack() {
    client_.session = session();
    EXPECT_NE(client_.session, nullptr) << "there was no ticket";
    EXPECT_TRUE(Connect()) << (server_.report ? server_.report->detail : "");
    EXPECT_EQ(client_end_->resumed(), server_.peer && server_.peer->tls.resumed);
    return client_end_->resumed();
  }
  // Returns the newest session; TLS 1.2 issues none with a resumption.
  std::shared_ptr<SSL_SESSION> session() const {
    return client_end_->session() != nullptr ? client_end_->session() : client_.session;
  }
  std::optional<ResumptionRefusal> refusal() const { return server_.stream->resumption_refusal(); }
  // Does what a reload does after a change.
  void Reload() { server_.Start(); }

  ServerSide server_;
  MemoryClient::Options client_;
  std::unique_ptr<MemoryClient> client_end_;
};

INSTANTIATE_TEST_SUITE_P(Versions, ResumptionTest, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& info) {
                           return info.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

TEST_P(ResumptionTest, TheIdentityIsThatOfTheFullHandshake) {
  x509::Credential leaf = x509::MakeCredential(x509::ClientTemplate("bob"), &x509::Intermediate());
  MemoryClient::Options bob = WithCertificate({&leaf, &x509::Intermediate()});
  client_.chain_der = bob.chain_der;
  client_.key = bob.key;
  ASSERT_TRUE(Connect());
  const identity::PeerIdentity full = *server_.peer;
  ASSERT_TRUE(ComeBack());
  const identity::PeerIdentity& resumed = *server_.peer;
  EXPECT_FALSE(refusal().has_value());
  EXPECT_TRUE(resumed.is_mutual_tls());
  EXPECT_EQ(resumed.certificate, full.certificate) << "the same object";
  ASSERT_EQ(resumed.certificate->chain_der.size(), 1u);
  EXPECT_EQ(resumed.certificate->subject, "CN=bob");
  EXPECT_EQ(resumed.valid_until, full.valid_until);
  EXPECT_EQ(resumed.tls.sni, "server.example");
  EXPECT_EQ(resumed.local_san_uri, full.local_san_uri);
}

TEST_P(ResumptionTest, OffGivesNoTicketsAndTakesNone) {
  ASSERT_TRUE(Connect());
  client_.session = client_end_->session();
  server_.options.tls.session_resumption = false;
  Reload();
  ASSERT_TRUE(Connect());
  EXPECT_FALSE(server_.peer->tls.resumed);
  EXPECT_EQ(client_end_->session(), nullptr);
}

TEST_P(ResumptionTest, AChangedCaMakesTicketsUnknown) {
  ASSERT_TRUE(Connect());
  // The client's own CA is still trusted, but a full handshake is required.
  server_.SetTrust(
      x509::Trust({x509::Root(), x509::MakeCredential(x509::CaTemplate("another"), nullptr)}));
  Reload();
  EXPECT_FALSE(ComeBack());
  EXPECT_EQ(refusal(), ResumptionRefusal::kUnknownTicket);
  EXPECT_EQ(server_.peer->certificate->subject, "CN=alice");
}

TEST_P(ResumptionTest, ARemovedCaRejectsTheReturningClient) {
  ASSERT_TRUE(Connect());
  server_.SetTrust(x509::Trust({x509::MakeCredential(x509::CaTemplate("another"), nullptr)}));
  Reload();
  client_.session = client_end_->session();
  EXPECT_FALSE(Connect());
  ASSERT_TRUE(server_.report.has_value());
  EXPECT_EQ(server_.report->reason, base::HandshakeFailure::kUnknownCa);
  EXPECT_EQ(client_end_->alert(), SSL_AD_UNKNOWN_CA);
}

TEST_P(ResumptionTest, AnotherPolicyMakesTicketsUnknown) {
  ASSERT_TRUE(Connect());
  server_.options.policy_id = "another";
  EXPECT_FALSE(server_.context->IsEquivalent(server_.options));
  Reload();
  EXPECT_FALSE(ComeBack());
}

TEST_P(ResumptionTest, AnotherListenersTicketIsUnknown) {
  ASSERT_TRUE(Connect());
  server_.options.listener = "internal";
  Reload();
  EXPECT_FALSE(ComeBack());
  EXPECT_EQ(refusal(), ResumptionRefusal::kUnknownTicket);
}

TEST_P(ResumptionTest, AnotherServerCertificateMakesTicketsUnknown) {
  ASSERT_TRUE(Connect());
  const x509::Credential renewed =
      x509::MakeCredential(x509::ServerTemplate("server", {"server.example"}), &x509::Root());
  server_.options.credentials = {Serve(renewed, {"server.example"})};
  EXPECT_FALSE(server_.context->IsEquivalent(server_.options));
  Reload();
  EXPECT_FALSE(ComeBack());
}

TEST_P(ResumptionTest, ARestartMakesTicketsUnknown) {
  ASSERT_TRUE(Connect());
  Reload();  // nothing has changed but the keys
  EXPECT_FALSE(ComeBack());
  EXPECT_EQ(refusal(), ResumptionRefusal::kUnknownTicket);
}

TEST_P(ResumptionTest, AnEquivalentContextIsRecognized) {
  server_.Start();
  ServerContext::Options same = server_.options;
  server_.SetTrust(x509::Trust({x509::Root()}));  // another object of equal content
  same.verifier = server_.options.verifier;
  EXPECT_TRUE(server_.context->IsEquivalent(same));
}

TEST_P(ResumptionTest, EveryRelevantChangeNeedsAnotherContext) {
  server_.Start();
  const auto changed = [&](const std::function<void(ServerContext::Options&)>& change) {
    ServerContext::Options options = server_.options;
    change(options);
    return !server_.context->IsEquivalent(options);
  };
  EXPECT_TRUE(changed([](auto& o) { o.client_auth = config::ClientAuthMode::kOptional; }));
  EXPECT_TRUE(changed([](auto& o) { o.verifier = nullptr; }));
  EXPECT_TRUE(changed([](auto& o) { o.listener = "other"; }));
  EXPECT_TRUE(changed([](auto& o) { o.tls.strict_sni = true; }));
  EXPECT_TRUE(changed([](auto& o) { o.protocols = {"another"}; }));
  EXPECT_TRUE(changed([](auto& o) { o.credentials[0].names = {"other.example"}; }));
  EXPECT_TRUE(changed([](auto& o) { o.tls.session_lifetime = std::chrono::hours(2); }));
}

TEST_P(ResumptionTest, AnExpiredClientCertificateIsRejectedWithItsReason) {
  x509::CertificateTemplate what = x509::ClientTemplate("brief");
  what.not_after = x509::kNow + 60;
  const x509::Credential brief = x509::MakeCredential(what, &x509::Root());
  MemoryClient::Options options = WithCertificate({&brief});
  client_.chain_der = options.chain_der;
  client_.key = options.key;
  ASSERT_TRUE(Connect());
  EXPECT_TRUE(ComeBack());
  client_.session = session();
  server_.clock.AdvanceMs(61'000);
  EXPECT_FALSE(Connect());
  EXPECT_EQ(refusal(), ResumptionRefusal::kExpired);
  ASSERT_TRUE(server_.report.has_value());
  EXPECT_EQ(server_.report->reason, base::HandshakeFailure::kExpired);
  EXPECT_EQ(server_.report->certificate.subject, "CN=brief");
  EXPECT_EQ(client_end_->alert(), SSL_AD_CERTIFICATE_EXPIRED);
}

TEST_P(ResumptionTest, AClientWithARenewedCertificateIsAccepted) {
  x509::CertificateTemplate what = x509::ClientTemplate("alice");
  what.not_after = x509::kNow + 60;
  const x509::Credential brief = x509::MakeCredential(what, &x509::Root());
  client_.chain_der = {brief.certificate->der()};
  client_.key = brief.key;
  ASSERT_TRUE(Connect());
  server_.clock.AdvanceMs(61'000);
  client_.chain_der = {ClientCertificate().certificate->der()};
  client_.key = ClientCertificate().key;
  EXPECT_FALSE(ComeBack());
  EXPECT_EQ(refusal(), ResumptionRefusal::kExpired);
  EXPECT_EQ(server_.peer->certificate->der, ClientCertificate().certificate->der());
}

TEST_P(ResumptionTest, ASessionEndsAfterItsLifetime) {
  ASSERT_TRUE(Connect());
  const std::shared_ptr<SSL_SESSION> first = client_end_->session();
  server_.clock.AdvanceMs(3'599'000);
  EXPECT_TRUE(ComeBack());
  server_.clock.AdvanceMs(1'000);
  client_.session = first;
  ASSERT_TRUE(Connect());
  EXPECT_FALSE(server_.peer->tls.resumed);
  EXPECT_EQ(refusal(), ResumptionRefusal::kSessionLifetime);
}

TEST_P(ResumptionTest, RenewalsDoNotProlongASession) {
  ASSERT_TRUE(Connect());
  for (int i = 0; i < 5; ++i) {
    server_.clock.AdvanceMs(600'000);
    EXPECT_TRUE(ComeBack()) << i;
    if (client_end_->session() == nullptr) {  // TLS 1.2 does not renew
      ASSERT_EQ(GetParam(), TLS1_2_VERSION);
      break;
    }
  }
  if (GetParam() == TLS1_2_VERSION) return;
  server_.clock.AdvanceMs(600'000);  // one hour since the full handshake
  EXPECT_FALSE(ComeBack());
  EXPECT_EQ(refusal(), ResumptionRefusal::kSessionLifetime);
  // The full handshake starts a new hour.
  server_.clock.AdvanceMs(600'000);
  EXPECT_TRUE(ComeBack());
}

TEST_P(ResumptionTest, TheTicketLifetimeIsTheRemainingLifetimeOfTheCertificate) {
  x509::CertificateTemplate what = x509::ClientTemplate("brief");
  what.not_after = x509::kNow + 60;
  const x509::Credential brief = x509::MakeCredential(what, &x509::Root());
  client_.chain_der = {brief.certificate->der()};
  client_.key = brief.key;
  ASSERT_TRUE(Connect());
  const uint32_t told = GetParam() == TLS1_2_VERSION
                            ? SSL_SESSION_get_ticket_lifetime_hint(client_end_->session().get())
                            : SSL_SESSION_get_timeout(client_end_->session().get());
  EXPECT_GT(told, 0u);
  EXPECT_LE(told, 61u);
}

TEST_P(ResumptionTest, AClockThatWasSetBackDoesNotProlongASession) {
  ASSERT_TRUE(Connect());
  server_.clock.SetWallSeconds(x509::kNow - 10);
  EXPECT_FALSE(ComeBack());
  EXPECT_EQ(refusal(), ResumptionRefusal::kSessionLifetime);
}

TEST_P(ResumptionTest, KeysAreRotatedEvenWhileTheWallClockStandsStill) {
  ASSERT_TRUE(Connect());
  server_.clock.AdvanceMs(7'200'000);
  server_.clock.SetWallSeconds(x509::kNow);
  EXPECT_FALSE(ComeBack());
  EXPECT_EQ(refusal(), ResumptionRefusal::kUnknownTicket);
}

TEST_P(ResumptionTest, TicketsOutliveAReplacementOfTheKeys) {
  ASSERT_TRUE(Connect());
  server_.clock.AdvanceMs(3'500'000);
  client_.session = nullptr;
  const std::shared_ptr<SSL_SESSION> old = client_end_->session();
  ASSERT_TRUE(Connect());  // sealed with the first key, near its end
  server_.clock.AdvanceMs(3'500'000);
  EXPECT_TRUE(ComeBack()) << "opened with the previous key";
}

TEST_P(ResumptionTest, AnotherServerNameIsNotTheSameSession) {
  const x509::Credential second =
      x509::MakeCredential(x509::ServerTemplate("second", {"second.example"}), &x509::Root());
  server_.options.credentials.push_back(Serve(second, {"second.example"}));
  ASSERT_TRUE(Connect());
  EXPECT_EQ(server_.stream->certificate_index(), 0u);
  client_.sni = "second.example";
  EXPECT_FALSE(ComeBack());
  EXPECT_EQ(refusal(), ResumptionRefusal::kServerName);
  EXPECT_EQ(server_.stream->certificate_index(), 1u);
}

TEST_P(ResumptionTest, AResumedConnectionKnowsItsServerCertificate) {
  const x509::Credential second =
      x509::MakeCredential(x509::ServerTemplate("second", {"second.example"}), &x509::Root());
  server_.options.credentials.push_back(Serve(second, {"second.example"}));
  client_.sni = "second.example";
  ASSERT_TRUE(Connect());
  ASSERT_TRUE(ComeBack());
  EXPECT_EQ(server_.stream->certificate_index(), 1u);
}

TEST_P(ResumptionTest, StrictSniAppliesToResumptions) {
  server_.options.tls.strict_sni = true;
  ASSERT_TRUE(Connect());
  client_.session = client_end_->session();
  client_.sni = "unknown.example";
  EXPECT_FALSE(Connect());
  EXPECT_EQ(client_end_->alert(), SSL_AD_UNRECOGNIZED_NAME);
}

TEST_P(ResumptionTest, ASessionWithoutACertificateDoesNotResumeWhereOneIsRequired) {
  server_.options.client_auth = config::ClientAuthMode::kOptional;
  client_.chain_der.clear();
  ASSERT_TRUE(Connect());
  EXPECT_TRUE(ComeBack());
  client_.session = session();
  server_.options.client_auth = config::ClientAuthMode::kRequire;
  Reload();
  EXPECT_FALSE(Connect());
  EXPECT_EQ(server_.report->reason, base::HandshakeFailure::kNoClientCertificate);
}

TEST_P(ResumptionTest, AClientThatDidNotVerifyIsVerifiedEachTime) {
  server_.options.client_auth = config::ClientAuthMode::kRequest;
  const x509::Credential stranger = x509::MakeCredential(x509::CaTemplate("stranger"), nullptr);
  const x509::Credential leaf = x509::MakeCredential(x509::ClientTemplate("mallory"), &stranger);
  client_.chain_der = {leaf.certificate->der()};
  client_.key = leaf.key;
  ASSERT_TRUE(Connect());
  EXPECT_EQ(server_.peer->failure_reason, "unknown_ca");
  client_.session = client_end_->session();
  ASSERT_TRUE(Connect());
  EXPECT_FALSE(server_.peer->tls.resumed);
  EXPECT_EQ(server_.peer->failure_reason, "unknown_ca");
  EXPECT_FALSE(server_.peer->has_certificate());
}

TEST_P(ResumptionTest, AVerifiedClientReturnsWithItsCurrentVerdict) {
  server_.options.client_auth = config::ClientAuthMode::kRequest;
  x509::CertificateTemplate what = x509::ClientTemplate("brief");
  what.not_after = server_.clock.WallSeconds() + 60;
  const x509::Credential brief = x509::MakeCredential(what, &x509::Root());
  client_.chain_der = {brief.certificate->der()};
  client_.key = brief.key;
  ASSERT_TRUE(Connect());
  EXPECT_TRUE(ComeBack());
  EXPECT_TRUE(server_.peer->is_mutual_tls());
  client_.session = session();
  server_.clock.SetWallSeconds(what.not_after + 1);
  ASSERT_TRUE(Connect());
  EXPECT_FALSE(server_.peer->tls.resumed);
  EXPECT_EQ(server_.peer->verification, identity::Verification::kFailed);
  EXPECT_EQ(server_.peer->failure_reason, "expired");
  EXPECT_FALSE(server_.peer->has_certificate());
}

TEST_P(ResumptionTest, WithoutACertificateNoIdentityAppears) {
  server_.options.client_auth = config::ClientAuthMode::kOptional;
  client_.chain_der.clear();
  ASSERT_TRUE(Connect());
  ASSERT_TRUE(ComeBack());
  EXPECT_FALSE(server_.peer->has_certificate());
  EXPECT_EQ(server_.peer->valid_until, 0);
}

TEST_P(ResumptionTest, WithoutClientAuthenticationSessionsResumeToo) {
  server_.options.client_auth = config::ClientAuthMode::kNone;
  server_.options.verifier = nullptr;
  ASSERT_TRUE(Connect());
  EXPECT_TRUE(ComeBack());
  EXPECT_FALSE(server_.peer->has_certificate());
}

// The library may not use a ticket that was accepted, here because the cipher has changed. Then the
// identity in the ticket must not be used.
TEST(ResumptionTls12Test, TheIdentityOfAnUnusedTicketIsDiscarded) {
  ServerSide server;
  server.options.tls.session_resumption = true;
  MemoryClient::Options options = WithCertificate({&ClientCertificate()});
  options.max_version = TLS1_2_VERSION;
  options.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384";
  MemoryClient first(options);
  server.Meet(first);
  ASSERT_TRUE(server.peer->has_certificate());
  options.session = first.session();
  options.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384";
  options.chain_der.clear();
  MemoryClient second(options);
  server.Accept();
  second.Pump(*server.wire);
  ASSERT_TRUE(server.peer.has_value());
  EXPECT_FALSE(server.peer->tls.resumed) << "this test needs a ticket that is not used";
  EXPECT_FALSE(server.stream->resumption_refusal().has_value());
  EXPECT_FALSE(server.peer->has_certificate());
}

TEST_P(ResumptionTest, GarbageForATicketMeansAFullHandshake) {
  ASSERT_TRUE(Connect());
  const uint8_t garbage[100] = {1, 2, 3};
  client_.session = client_end_->session();
  SSL_SESSION_set_ticket(client_.session.get(), garbage, sizeof(garbage));
  ASSERT_TRUE(Connect());
  EXPECT_FALSE(server_.peer->tls.resumed);
  EXPECT_EQ(refusal(), ResumptionRefusal::kUnknownTicket);
}

TEST_P(ResumptionTest, AChainTooLargeForATicketIsStillAccepted) {
  x509::CertificateTemplate what = x509::ClientTemplate("large");
  for (int i = 0; i < 1000; ++i) what.san.dns.push_back("name-" + std::to_string(i) + ".example");
  const x509::Credential large = x509::MakeCredential(what, &x509::Root());
  client_.chain_der = {large.certificate->der()};
  client_.key = large.key;
  ASSERT_TRUE(Connect());
  client_.session = client_end_->session();
  ASSERT_TRUE(Connect());
  EXPECT_FALSE(server_.peer->tls.resumed);
  EXPECT_TRUE(server_.peer->has_certificate());
}

}  // namespace
}  // namespace mantlet::tls
