// Tests open connections whose client would now be rejected: each state ends as it should, and no
// new request begins.

#include <memory>
#include <string>

#include "test/proxy/session/connection_fixture.h"

namespace mantlet::session {
namespace {

using config::OnInvalid;
using x509::kNow;

class ConnectionRevalidationTest : public ConnectionTest {
 protected:
  static x509::CertificateTemplate BriefTemplate() {
    x509::CertificateTemplate what = x509::ClientTemplate("brief");
    what.not_after = kNow + 60;
    return what;
  }
  void ConnectBriefly(OnInvalid on_expiry, OnInvalid on_revocation) {
    config_.client_auth.on_expiry = on_expiry;
    config_.client_auth.on_revocation = on_revocation;
    Apply();
    Connect(&brief_);
  }
  // A client whose certificate does not verify and that is accepted all the same.
  void ConnectStranger() {
    config_.client_auth.mode = config::ClientAuthMode::kRequest;
    Apply();
    const x509::Credential stranger = x509::MakeCredential(x509::CaTemplate("stranger"), nullptr);
    const x509::Credential mallory =
        x509::MakeCredential(x509::ClientTemplate("mallory"), &stranger);
    Connect(&mallory);
  }
  // One minute later `brief_` has expired.
  void LookLater() {
    clock_.SetWallSeconds(kNow + 62);
    book_.RunDue();
  }

  void RemoveCa() {
    trust_ = x509::Trust({x509::MakeCredential(x509::CaTemplate("another"), nullptr)});
    Apply();
  }

  bool Counted(std::string_view reason) const {
    return metrics_.Render().find("mantlet_connections_ended_total{listener=\"public\",reason=\"" +
                                  std::string(reason) + "\"} 1") != std::string::npos;
  }
  bool NobodyEnded() const { return log_.text().find("connection_ended") == std::string::npos; }

  const x509::Credential brief_ = x509::MakeCredential(BriefTemplate(), &x509::Root());
};

TEST_F(ConnectionRevalidationTest, AnIdleConnectionIsClosedWithCloseNotify) {
  Connect();
  RemoveCa();
  book_.RunDue();
  Pump();
  EXPECT_TRUE(client_->got_close_notify());
  EXPECT_TRUE(wire_->shutdown);
  EXPECT_TRUE(Counted("unknown_ca"));
  EXPECT_NE(log_.text().find("\"subject\":\"CN=alice\""), std::string::npos);
  wire_->ArriveEnd();
  EXPECT_TRUE(Finish());
}

TEST_F(ConnectionRevalidationTest, AValidConnectionContinuesUntilTheNewVerdictExpires) {
  Connect();
  const int64_t until = connection_->due();
  EXPECT_GE(until, kNow + 100 * x509::kDay);
  EXPECT_LE(until, kNow + 100 * x509::kDay + 1) << "notAfter belongs to the time of validity";
  trust_ = x509::Trust({x509::Root(), x509::MakeCredential(x509::CaTemplate("another"), nullptr)});
  Apply();
  EXPECT_EQ(connection_->due(), RevalidationSchedule::kNow);
  book_.RunDue();
  EXPECT_EQ(connection_->due(), until);
  EXPECT_TRUE(NobodyEnded());
}

TEST_F(ConnectionRevalidationTest, NoRequestBeginsBetweenAChangeAndTheVerdict) {
  Connect();
  RemoveCa();
  // The schedule has not reached it yet.
  Send(kGet);
  io::RunReady(loop_);
  EXPECT_TRUE(upstream_.peers.empty());
  EXPECT_TRUE(client_->got_close_notify());
  EXPECT_EQ(client_->received(), "");
  EXPECT_TRUE(Counted("unknown_ca"));
}

TEST_F(ConnectionRevalidationTest, ARequestBetweenAChangeAndAValidVerdictIsAnswered) {
  Connect();
  Apply();
  ASSERT_EQ(connection_->due(), RevalidationSchedule::kNow);
  Ask();
  upstream_.peers[0]->Say(kOk);
  ASSERT_TRUE(ClientGets("\r\n\r\nok"));
  EXPECT_EQ(client_->received().find("Connection: close"), std::string::npos);
  EXPECT_EQ(State(), Connection::State::kIdle);
}

TEST_F(ConnectionRevalidationTest, ARequestBeforeAVerdictThatExpiresSoonGetsConnectionClose) {
  Connect(&brief_);
  clock_.SetWallSeconds(connection_->due() - 1);
  Apply();
  Ask();
  upstream_.peers[0]->Say(kOk);
  ASSERT_TRUE(ClientGets("\r\n\r\nok"));
  EXPECT_NE(client_->received().find("Connection: close"), std::string::npos);
}

TEST_F(ConnectionRevalidationTest, ARequestThatStraddlesTheChangeDoesNotBegin) {
  Connect();
  Send("GET /x HTTP/1.1\r\nHo");
  RemoveCa();
  Send("st: server.example\r\n\r\n");
  io::RunReady(loop_);
  EXPECT_TRUE(upstream_.peers.empty());
  EXPECT_TRUE(client_->got_close_notify());
}

TEST_F(ConnectionRevalidationTest, ABusyConnectionAnswersTheRequestInFlightAndCloses) {
  Connect();
  Ask();
  Send(kGet);  // pipelined
  RemoveCa();
  book_.RunDue();
  EXPECT_EQ(State(), Connection::State::kRequest);
  upstream_.peers[0]->Say(kOk);
  ASSERT_TRUE(ClientGets("\r\n\r\nok"));
  EXPECT_NE(client_->received().find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(client_->got_close_notify());
  io::RunReady(loop_);
  EXPECT_EQ(client_->received().find("HTTP/1.1", 1), std::string::npos) << "only one answer";
}

TEST_F(ConnectionRevalidationTest, ABusyConnectionWhoseResponseHasBegunClosesAfterIt) {
  Connect();
  Ask();
  upstream_.peers[0]->Say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
  ASSERT_TRUE(ClientGets("\r\n\r\no"));
  RemoveCa();
  book_.RunDue();
  upstream_.peers[0]->Say("k");
  ASSERT_TRUE(ClientGets("\r\n\r\nok"));
  EXPECT_TRUE(client_->got_close_notify());
}

TEST_F(ConnectionRevalidationTest, ABusyConnectionIsCutAtTheDeadline) {
  Connect();
  Ask();
  RemoveCa();
  book_.RunDue();
  EXPECT_TRUE(Finish());
  EXPECT_TRUE(wire_->aborted) << "an answer without its end must not look whole";
}

TEST_F(ConnectionRevalidationTest, CloseEndsABusyConnectionAtOnce) {
  config_.client_auth.on_revocation = OnInvalid::kClose;
  Apply();
  Connect();
  Ask();
  RemoveCa();
  book_.RunDue();
  EXPECT_TRUE(over_);
}

TEST_F(ConnectionRevalidationTest, CloseEndsATunnelAtOnce) {
  config_.client_auth.on_revocation = OnInvalid::kClose;
  Apply();
  Connect();
  OpenTunnel();
  RemoveCa();
  book_.RunDue();
  EXPECT_TRUE(over_);
}

TEST_F(ConnectionRevalidationTest, IgnoreKeepsAConnection) {
  config_.client_auth.on_revocation = OnInvalid::kIgnore;
  Apply();
  Connect();
  RemoveCa();
  book_.RunDue();
  Ask();
  EXPECT_TRUE(NobodyEnded());
  config_.client_auth.on_revocation = OnInvalid::kDrain;
  upstream_.peers[0]->Say(kOk);
  ASSERT_TRUE(ClientGets("\r\n\r\nok"));
  Apply();
  book_.RunDue();
  Pump();
  EXPECT_TRUE(client_->got_close_notify()) << "a new answer to the same question";
}

TEST_F(ConnectionRevalidationTest, ATunnelGetsUntilTheDeadline) {
  worker_.drain_ms = 300;
  Connect();
  OpenTunnel();
  RemoveCa();
  book_.RunDue();
  EXPECT_EQ(State(), Connection::State::kTunnel);
  upstream_.peers[0]->Say("still there");
  EXPECT_TRUE(ClientGets("still there"));
  EXPECT_TRUE(Finish());
}

TEST_F(ConnectionRevalidationTest, AnExpiredCertificateEndsItsConnection) {
  Connect(&brief_);
  EXPECT_LE(connection_->due(), kNow + 61);
  clock_.SetWallSeconds(connection_->due() - 1);
  book_.RunDue();
  EXPECT_TRUE(NobodyEnded());
  clock_.SetWallSeconds(connection_->due());
  book_.RunDue();
  Pump();
  EXPECT_TRUE(client_->got_close_notify());
  EXPECT_TRUE(Counted("expired"));
}

TEST_F(ConnectionRevalidationTest, AnExpiredClientThatMayStayStillNeedsItsCa) {
  ConnectBriefly(OnInvalid::kIgnore, OnInvalid::kDrain);
  LookLater();
  EXPECT_TRUE(NobodyEnded());
  RemoveCa();
  book_.RunDue();
  EXPECT_TRUE(Counted("unknown_ca"));
}

TEST_F(ConnectionRevalidationTest, AnExpiredClientThatMayStayIsNotAcceptedAgain) {
  ConnectBriefly(OnInvalid::kIgnore, OnInvalid::kDrain);
  LookLater();
  EXPECT_TRUE(NobodyEnded());
  const auto first = std::move(connection_);
  wire_ = std::make_shared<io::Wire>();
  Accept(&brief_);
  Pump();
  EXPECT_EQ(State(), Connection::State::kClosing);
  EXPECT_NE(log_.text().find("\"reason\":\"expired\""), std::string::npos) << log_.text();
  EXPECT_EQ(first->state(), Connection::State::kIdle);
  connection_.reset();
}

TEST_F(ConnectionRevalidationTest, ConnectionsOfOneClientShareOneVerdict) {
  Connect();
  const auto first = std::move(connection_);
  wire_ = std::make_shared<io::Wire>();
  Connect();
  ASSERT_EQ(verdicts_.size(), 1u);
  trust_ = x509::Trust({x509::Root(), x509::MakeCredential(x509::CaTemplate("another"), nullptr)});
  Apply();
  book_.SetDue(*first, RevalidationSchedule::kNow);
  book_.RunDue();
  EXPECT_GT(first->due(), kNow);
  EXPECT_GT(connection_->due(), kNow);
  EXPECT_EQ(verdicts_.size(), 2u);
}

TEST_F(ConnectionRevalidationTest, AnExpiredClientThatMayStayStillNeedsItsPin) {
  ConnectBriefly(OnInvalid::kIgnore, OnInvalid::kClose);
  LookLater();
  EXPECT_TRUE(NobodyEnded());
  config_.client_auth.spki_pins = {std::string(64, '0')};
  Apply();
  book_.RunDue();
  EXPECT_TRUE(Counted("not_pinned"));
}

TEST_F(ConnectionRevalidationTest, AnExpiredClientThatMayStayIsNotValidatedEndlessly) {
  ConnectBriefly(OnInvalid::kIgnore, OnInvalid::kDrain);
  LookLater();
  EXPECT_GT(connection_->due(), kNow + x509::kDay) << "when the trust anchor ends";
}

TEST_F(ConnectionRevalidationTest, AClientOfARemovedCaThatMayStayStillExpires) {
  ConnectBriefly(OnInvalid::kClose, OnInvalid::kIgnore);
  RemoveCa();
  book_.RunDue();
  EXPECT_TRUE(NobodyEnded());
  EXPECT_EQ(connection_->due(), brief_.certificate->not_after() + 1);
  LookLater();
  EXPECT_TRUE(Counted("expired"));
}

TEST_F(ConnectionRevalidationTest, AnUnverifiedClientThatMayStayStillExpires) {
  ConnectBriefly(OnInvalid::kClose, OnInvalid::kIgnore);
  config_.client_auth.mode = config::ClientAuthMode::kNone;
  Apply();
  book_.RunDue();
  EXPECT_TRUE(NobodyEnded());
  LookLater();
  EXPECT_TRUE(Counted("expired"));
}

TEST_F(ConnectionRevalidationTest, AClientThatMayStayForBothReasonsStays) {
  ConnectBriefly(OnInvalid::kIgnore, OnInvalid::kIgnore);
  RemoveCa();
  book_.RunDue();
  LookLater();
  EXPECT_EQ(connection_->due(), RevalidationSchedule::kNever);
  EXPECT_TRUE(NobodyEnded());
}

TEST_F(ConnectionRevalidationTest, TheTunnelOfAnExpiredClientThatMayStayStillNeedsItsPolicy) {
  ConnectBriefly(OnInvalid::kIgnore, OnInvalid::kDrain);
  OpenTunnel();
  LookLater();
  EXPECT_TRUE(NobodyEnded());
  config_.policy.default_allow = false;
  Apply();
  book_.RunDue();
  EXPECT_TRUE(Counted("policy_denied"));
}

TEST_F(ConnectionRevalidationTest, AHandshakeBegunUnderOldRulesIsVerifiedByTheNewOnes) {
  config_.client_auth.on_revocation = OnInvalid::kIgnore;  // does not apply to a handshake
  Apply();
  Accept();
  RemoveCa();
  Pump();
  io::RunReady(loop_);
  EXPECT_TRUE(Counted("unknown_ca"));
  Pump();
  EXPECT_TRUE(client_->got_close_notify());
}

TEST_F(ConnectionRevalidationTest, WithoutACertificateAConnectionEndsWhenOneIsRequired) {
  config_.client_auth.mode = config::ClientAuthMode::kOptional;
  Apply();
  Connect(nullptr);
  EXPECT_EQ(connection_->due(), RevalidationSchedule::kNever);
  config_.client_auth.mode = config::ClientAuthMode::kRequire;
  Apply();
  book_.RunDue();
  EXPECT_TRUE(Counted("no_client_certificate"));
}

TEST_F(ConnectionRevalidationTest, AnUnverifiedClientStaysWhileThatIsPermitted) {
  ConnectStranger();
  EXPECT_EQ(connection_->identity().verification, identity::Verification::kFailed);
  EXPECT_EQ(connection_->due(), RevalidationSchedule::kNever);
  RemoveCa();
  book_.RunDue();
  EXPECT_TRUE(NobodyEnded());
  config_.client_auth.mode = config::ClientAuthMode::kOptional;
  Apply();
  book_.RunDue();
  EXPECT_TRUE(Counted("no_client_certificate"));
}

TEST_F(ConnectionRevalidationTest, AnUnverifiedClientEndsWhenACertificateIsRequired) {
  ConnectStranger();
  config_.client_auth.mode = config::ClientAuthMode::kRequire;
  Apply();
  book_.RunDue();
  EXPECT_TRUE(Counted("no_client_certificate"));
}

// The identity sent to the application is no longer valid; the client may connect again.
TEST_F(ConnectionRevalidationTest, UnderRequestAVerifiedClientEndsWhenItNoLongerVerifies) {
  config_.client_auth.mode = config::ClientAuthMode::kRequest;
  Apply();
  Connect();
  RemoveCa();
  book_.RunDue();
  EXPECT_TRUE(Counted("unknown_ca"));
}

TEST_F(ConnectionRevalidationTest, AConnectionWithAnUnverifiedIdentityEnds) {
  Connect();
  config_.client_auth.mode = config::ClientAuthMode::kNone;
  Apply();
  book_.RunDue();
  EXPECT_TRUE(Counted("unknown_ca"));
}

TEST_F(ConnectionRevalidationTest, AConnectionOfARemovedListenerEnds) {
  Connect();
  slot_->current = nullptr;
  book_.SetDue(*connection_, RevalidationSchedule::kNow);
  book_.RunDue();
  EXPECT_TRUE(Counted("listener_removed"));
}

TEST_F(ConnectionRevalidationTest, ATunnelThatThePolicyWouldNowDenyEnds) {
  Connect();
  OpenTunnel();
  config_.policy.default_allow = false;
  Apply();
  book_.RunDue();
  EXPECT_TRUE(Counted("policy_denied"));
  EXPECT_TRUE(Finish());
}

TEST_F(ConnectionRevalidationTest, ATunnelThatOpensUnderANewPolicyIsCheckedByIt) {
  Connect();
  Ask("GET /ws HTTP/1.1\r\nHost: server.example\r\nConnection: upgrade\r\nUpgrade: "
      "websocket\r\n\r\n");
  config_.policy.default_allow = false;
  Apply();
  book_.RunDue();
  EXPECT_TRUE(NobodyEnded()) << "what is in flight is answered";
  upstream_.peers[0]->Say(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_TRUE(Finish());
  EXPECT_TRUE(Counted("policy_denied"));
}

TEST_F(ConnectionRevalidationTest, ADestroyedConnectionLeavesTheSchedule) {
  Connect();
  EXPECT_EQ(book_.size(), 1u);
  wire_->Break(io::StreamFailure::kReset);
  EXPECT_TRUE(Finish());
  io::RunReady(loop_);
  EXPECT_EQ(book_.size(), 0u);
}

TEST(NeedsRevalidationTest, OnlyAChangeOfTheRulesForClientsCounts) {
  tls::ServerSide side;
  side.Start();
  ListenerState before;
  before.verifier = side.context->options().verifier;
  ListenerState after = before;
  EXPECT_FALSE(NeedsRevalidation(before, &after));
  after.config.limits.header_count = 7;
  after.config.tls.strict_sni = true;
  EXPECT_FALSE(NeedsRevalidation(before, &after));
  after.config.client_auth.on_revocation = OnInvalid::kClose;
  EXPECT_TRUE(NeedsRevalidation(before, &after));
  EXPECT_TRUE(NeedsRevalidation(before, nullptr));
  after = before;
  side.SetTrust(x509::Trust({x509::MakeCredential(x509::CaTemplate("another"), nullptr)}));
  side.Start();
  after.verifier = side.context->options().verifier;
  EXPECT_TRUE(NeedsRevalidation(before, &after));
}

}  // namespace
}  // namespace mantlet::session
