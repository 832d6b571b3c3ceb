// Tests the handshakes and responses of a connection when the process drains or its listener is
// removed.

#include <string>

#include "test/proxy/session/connection_fixture.h"

namespace mantlet::session {
namespace {

using State = Connection::State;

constexpr char kGetAndClose[] =
    "GET /x HTTP/1.1\r\nHost: server.example\r\nConnection: close\r\n\r\n";

class ConnectionDrainTest : public ConnectionTest {
 protected:
  ConnectionDrainTest() { worker_.idle_grace_ms = worker_.drain_ms = 60'000; }

  void Drain() {
    worker_.draining = true;
    connection_->Drain();
  }
  void RemoveListener() {
    slot_->current = nullptr;
    book_.SetDue(*connection_, RevalidationSchedule::kNow);
    book_.RunDue();
  }
  bool ToldToClose() const {
    return client_->received().find("\r\nConnection: close\r\n") != std::string::npos;
  }
  // Sends a request and expects one response and then the end.
  void GetsOneAnswer() {
    Ask();
    upstream_.peers.back()->Say(kOk);
    ASSERT_TRUE(ClientGets("\r\n\r\nok"));
    EXPECT_TRUE(ToldToClose()) << client_->received();
    EXPECT_TRUE(client_->got_close_notify());
    Send(kGet);
    io::RunReady(loop_);
    EXPECT_EQ(client_->received().find("HTTP/1.1", 1), std::string::npos) << "only one answer";
  }
  bool GetsCloseNotify() {
    return io::RunUntil(loop_, [&] {
      Pump();
      return client_->got_close_notify();
    });
  }
};

TEST_F(ConnectionDrainTest, ASilentConnectionGetsItsHandshakeAndOneResponse) {
  Accept();
  Drain();
  Pump();
  ASSERT_EQ(State(), State::kIdle);
  GetsOneAnswer();
}

TEST_F(ConnectionDrainTest, AHandshakeInFlightIsFinishedAndGetsOneAnswer) {
  Accept();
  wire_->Arrive(client_->TakeOutgoing());
  ASSERT_EQ(State(), State::kHandshake);
  Drain();
  Pump();
  ASSERT_EQ(State(), State::kIdle);
  GetsOneAnswer();
}

TEST_F(ConnectionDrainTest, AConnectionWithoutARequestYetGetsOneAnswer) {
  Connect();
  Drain();
  GetsOneAnswer();
}

TEST_F(ConnectionDrainTest, ARequestThatHasBegunToArriveIsAnswered) {
  Connect();
  Send("GET /x HTTP/1.1\r\nHo");
  Drain();
  Send("st: server.example\r\n\r\n");
  ASSERT_TRUE(UpstreamHas(1));
  upstream_.peers[0]->Say(kOk);
  ASSERT_TRUE(ClientGets("\r\n\r\nok"));
  EXPECT_TRUE(ToldToClose());
}

TEST_F(ConnectionDrainTest, AfterAKeepAliveResponseAClientGetsOneMoreResponse) {
  Connect();
  Ask();
  upstream_.peers[0]->Say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
  ASSERT_TRUE(ClientGets("\r\n\r\no"));
  Drain();
  upstream_.peers[0]->Say("k");
  ASSERT_TRUE(ClientGets("\r\n\r\nok"));
  EXPECT_FALSE(ToldToClose());
  EXPECT_EQ(State(), State::kIdle);
  Send(kGet);
  upstream_.peers[0]->handler.data.clear();
  ASSERT_TRUE(UpstreamHas(1));
  upstream_.peers[0]->Say(kOk);
  ASSERT_TRUE(io::RunUntil(loop_, [&] {
    Pump();
    return ToldToClose();
  }));
  EXPECT_TRUE(client_->got_close_notify());
}

TEST_F(ConnectionDrainTest, AnIdleConnectionIsClosedWhenTheGraceIsOver) {
  worker_.idle_grace_ms = 30;
  Connect();
  Drain();
  EXPECT_EQ(State(), State::kIdle);
  EXPECT_TRUE(GetsCloseNotify());
  EXPECT_TRUE(Finish());
}

TEST_F(ConnectionDrainTest, ASilentConnectionIsClosedAfterTheGrace) {
  worker_.idle_grace_ms = 30;
  Accept();
  Drain();
  EXPECT_TRUE(Finish());
  EXPECT_NE(log_.text().find("handshake_failed"), std::string::npos);
}

TEST_F(ConnectionDrainTest, AConnectionThatCameLateHasTheGraceToo) {
  worker_.idle_grace_ms = 30;
  worker_.draining = true;
  Accept();
  connection_->Drain();
  Pump();
  ASSERT_EQ(State(), State::kIdle);
  EXPECT_TRUE(GetsCloseNotify());
}

TEST_F(ConnectionDrainTest, TheDeadlineClosesAnIdleConnectionWithCloseNotify) {
  Connect();
  Drain();
  connection_->Cut();
  Pump();
  EXPECT_TRUE(client_->got_close_notify());
  EXPECT_TRUE(over_);
}

TEST_F(ConnectionDrainTest, ARejectedClientGetsNoResponseInADrain) {
  Connect();
  Drain();
  trust_ = x509::Trust({x509::MakeCredential(x509::CaTemplate("another"), nullptr)});
  Apply();
  Send(kGet);
  io::RunReady(loop_);
  EXPECT_TRUE(upstream_.peers.empty());
  EXPECT_EQ(client_->received(), "");
  EXPECT_TRUE(client_->got_close_notify());
}

TEST_F(ConnectionDrainTest, ARequestOnItsWayToARemovedListenerIsAnswered) {
  Connect();
  RemoveListener();
  EXPECT_EQ(State(), State::kIdle);
  GetsOneAnswer();
  EXPECT_NE(log_.text().find("listener_removed"), std::string::npos);
}

TEST_F(ConnectionDrainTest, AHandshakeWithARemovedListenerIsFinishedAndGetsOneAnswer) {
  Accept();
  wire_->Arrive(client_->TakeOutgoing());
  slot_->current = nullptr;
  Pump();
  ASSERT_EQ(State(), State::kIdle);
  GetsOneAnswer();
}

TEST_F(ConnectionDrainTest, AnIdleConnectionOfARemovedListenerIsClosedWhenTheGraceIsOver) {
  worker_.idle_grace_ms = 30;
  Connect();
  RemoveListener();
  EXPECT_TRUE(GetsCloseNotify());
  EXPECT_TRUE(Finish());
}

TEST_F(ConnectionDrainTest,
       AConnectionOfARemovedListenerThatSaysNothingIsClosedWhenTheGraceIsOver) {
  worker_.idle_grace_ms = 30;
  config_.timeouts.handshake = config::Milliseconds(3'600'000);
  Apply();
  Accept();
  RemoveListener();
  EXPECT_TRUE(Finish());
  EXPECT_NE(log_.text().find("handshake_failed"), std::string::npos);
}

TEST_F(ConnectionDrainTest, AConnectionThatARemovedListenerTakesInLateHasTheGraceToo) {
  worker_.idle_grace_ms = 30;
  config_.timeouts.handshake = config::Milliseconds(3'600'000);
  Apply();
  slot_->current = nullptr;
  Accept();
  connection_->Drain();
  EXPECT_TRUE(Finish());
}

TEST_F(ConnectionDrainTest, AHandshakeOfARemovedListenerHasItsTime) {
  worker_.idle_grace_ms = 30;
  Accept();
  wire_->Arrive(client_->TakeOutgoing());
  RemoveListener();
  const int64_t then = loop_.now_ms();
  ASSERT_TRUE(io::RunUntil(loop_, [&] { return loop_.now_ms() > then + 200; }));
  ASSERT_FALSE(over_);
  Pump();
  GetsOneAnswer();
}

TEST_F(ConnectionDrainTest, AClientWhoseCertificateExpiresSoonGetsConnectionClose) {
  worker_.idle_grace_ms = 2'000;
  x509::CertificateTemplate brief = x509::ClientTemplate("brief");
  brief.not_after = x509::kNow + 60;
  const x509::Credential who = x509::MakeCredential(brief, &x509::Root());
  Connect(&who);
  clock_.SetWallSeconds(connection_->due() - 3);
  Ask();
  upstream_.peers[0]->Say(kOk);
  ASSERT_TRUE(ClientGets("\r\n\r\nok"));
  EXPECT_FALSE(ToldToClose());
  clock_.SetWallSeconds(connection_->due() - 2);
  upstream_.peers[0]->handler.data.clear();
  Ask();
  upstream_.peers[0]->Say(kOk);
  ASSERT_TRUE(io::RunUntil(loop_, [&] {
    Pump();
    return ToldToClose();
  }));
}

TEST_F(ConnectionDrainTest, AClientThatMayStayAfterExpiryGetsNoConnectionClose) {
  config_.client_auth.on_expiry = config::OnInvalid::kIgnore;
  Apply();
  Connect();
  clock_.SetWallSeconds(connection_->due() - 1);
  Ask();
  upstream_.peers[0]->Say(kOk);
  ASSERT_TRUE(ClientGets("\r\n\r\nok"));
  EXPECT_FALSE(ToldToClose());
}

TEST_F(ConnectionDrainTest, BytesAfterTheLastResponseCauseNoReset) {
  config_.limits.requests_per_connection = 1;
  Apply();
  Connect();
  GetsOneAnswer();
  EXPECT_TRUE(wire_->open) << "it is read until the client ends, too";
  wire_->ArriveEnd();
  EXPECT_TRUE(Finish());
  EXPECT_FALSE(wire_->aborted);
}

TEST_F(ConnectionDrainTest, AClientThatReadsTheLastResponseSlowlyIsWaitedFor) {
  config_.timeouts.write = config::Milliseconds(400);
  Apply();
  Connect();
  wire_->room = 0;
  Ask(kGetAndClose);
  upstream_.peers[0]->Say("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" +
                          std::string(100'000, 'x'));
  ASSERT_TRUE(io::RunUntil(loop_, [&] { return State() == State::kClosing; }));
  for (const int64_t end = loop_.now_ms() + 1500; loop_.now_ms() < end;) {
    wire_->Take(100);
    const int64_t then = loop_.now_ms();
    ASSERT_TRUE(io::RunUntil(loop_, [&] { return loop_.now_ms() > then; }));
    ASSERT_FALSE(over_) << "cut off after " << wire_->sent.size() << " bytes";
  }
  EXPECT_TRUE(Finish()) << "once it takes nothing any more";
  EXPECT_NE(metrics_.Render().find("mantlet_client_timeouts_total{listener=\"public\",reason="
                                   "\"client_write_timeout\"} 1"),
            std::string::npos);
}

TEST_F(ConnectionDrainTest, AClientThatReadsTheLastResponseTooSlowlyIsCut) {
  config_.timeouts.write = config::Milliseconds(400);
  config_.limits.min_response_rate = 1'000'000;
  Apply();
  Connect();
  wire_->room = 0;
  Ask(kGetAndClose);
  upstream_.peers[0]->Say("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" +
                          std::string(100'000, 'x'));
  ASSERT_TRUE(io::RunUntil(loop_, [&] { return State() == State::kClosing; }));
  EXPECT_TRUE(io::RunUntil(loop_, [&] {
    wire_->Take(1);
    return over_;
  }));
  EXPECT_NE(metrics_.Render().find("mantlet_client_timeouts_total{listener=\"public\",reason="
                                   "\"client_too_slow\"} 1"),
            std::string::npos);
}

TEST_F(ConnectionDrainTest, AClientThatAskedForCloseIsNotWaitedFor) {
  Connect();
  Ask(kGetAndClose);
  upstream_.peers[0]->Say(kOk);
  ASSERT_TRUE(ClientGets("\r\n\r\nok"));
  EXPECT_TRUE(over_);
}

}  // namespace
}  // namespace mantlet::session
