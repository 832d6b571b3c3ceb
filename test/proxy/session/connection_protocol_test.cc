// Tests a connection with a protocol that carries no HTTP.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "test/proxy/session/connection_fixture.h"
#include "test/proxy/session/echo_session.h"

namespace mantlet::session {
namespace {

using State = Connection::State;

std::string Message(std::string_view content) {
  return std::string{static_cast<char>(content.size() >> 8), static_cast<char>(content.size())} +
         std::string(content);
}

class ConnectionProtocolTest : public ConnectionTest {
 protected:
  ConnectionProtocolTest() {
    const auto http = [](WorkerContext& worker, ProtocolHost& host) {
      return HttpProtocols({config::HttpProtocol::kHttp1})->Make("http/1.1", worker, host);
    };
    const auto echo = [](WorkerContext& worker, ProtocolHost& host) {
      return std::make_unique<EchoSession>(worker, host);
    };
    protocols_ = std::make_shared<const ProtocolTable>(
        std::vector<ProtocolTable::Row>{{"http/1.1", http}, {"echo/1", echo}});
    offered_protocols_ = {"echo/1"};
    Apply();
  }
  bool IsEnded() {
    return io::RunUntil(loop_, [&] {
      Pump();
      return over_ || client_->got_close_notify();
    });
  }
};

TEST_F(ConnectionProtocolTest, MessagesArriveHoweverTheyAreCut) {
  Connect();
  const std::string sent = Message("one") + Message("two") + Message("");
  for (const char& byte : sent) Send({&byte, 1});
  EXPECT_EQ(client_->received(), Message("one") + Message("two"));
  EXPECT_EQ(connection_->requests(), 2u);
}

TEST_F(ConnectionProtocolTest, TheProtocolEndsAnIdleConnection) {
  config_.timeouts.idle = std::chrono::milliseconds(1);
  Apply();
  Connect();
  EXPECT_TRUE(IsEnded());
}

TEST_F(ConnectionProtocolTest, NothingBeginsForARefusedClientWhileOtherMessagesAreUnderWay) {
  Connect();
  Send(Message("one"));
  ASSERT_EQ(State(), State::kRequest);
  trust_ = x509::Trust({x509::MakeCredential(x509::CaTemplate("another"), nullptr)});
  Apply();
  for (int i = 0; i < 2; ++i) Send(Message("two"));
  EXPECT_EQ(connection_->requests(), 1u);
  Send(Message(""));
  EXPECT_EQ(client_->received(), Message("one"));
  EXPECT_TRUE(client_->got_close_notify());
}

TEST_F(ConnectionProtocolTest, AClientThatTakesNothingIsReadAgainWhenItDoes) {
  Connect();
  wire_->room = 0;
  const std::string content(60'000, 'x');
  for (int i = 0; i < 10; ++i) Send(Message(content) + Message(""));
  EXPECT_FALSE(wire_->reading);
  EXPECT_LT(connection_->requests(), 10u);
  wire_->Take(SIZE_MAX);
  EXPECT_TRUE(io::RunUntil(loop_, [&] {
    wire_->Deliver();
    Pump();
    return client_->received().size() == 10 * Message(content).size();
  }));
}

TEST_F(ConnectionProtocolTest, AClientThatGoesOnTakingNothingIsCutOff) {
  config_.timeouts.write = std::chrono::milliseconds(1);
  Apply();
  Connect();
  wire_->room = 0;
  for (int i = 0; i < 10; ++i) Send(Message(std::string(60'000, 'x')) + Message(""));
  EXPECT_TRUE(Finish());
  EXPECT_TRUE(wire_->aborted);
}

TEST_F(ConnectionProtocolTest, TheDrainWaitsForMessagesInFlight) {
  worker_.idle_grace_ms = 60'000;
  Connect();
  Send(Message("one"));
  worker_.draining = true;
  connection_->Drain();
  EXPECT_EQ(State(), State::kRequest);
  Send(Message(""));
  EXPECT_EQ(client_->received(), Message("one"));
  EXPECT_TRUE(client_->got_close_notify());
}

TEST_F(ConnectionProtocolTest, TheDrainEndsAnIdleConnectionAfterItsGrace) {
  worker_.idle_grace_ms = 1;
  Connect();
  worker_.draining = true;
  connection_->Drain();
  EXPECT_EQ(State(), State::kIdle);
  EXPECT_TRUE(IsEnded());
}

TEST_F(ConnectionProtocolTest, ALostStreamEndsTheConnection) {
  Connect();
  Send(Message("one"));
  wire_->Break(io::StreamFailure::kReset);
  EXPECT_TRUE(over_);
}

}  // namespace
}  // namespace mantlet::session
