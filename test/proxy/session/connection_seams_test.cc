// Tests a connection with another acceptor, another protocol and an upstream in memory, that is,
// the interfaces of proxy/session/acceptor.h and protocol.h, and proxy/upstream/connector.h.

#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "proxy/session/connection.h"
#include "proxy/session/plain_acceptor.h"
#include "proxy/session/protocol_table.h"
#include "proxy/session/tls_acceptor.h"
#include "test/proxy/io/loop_driver.h"
#include "test/proxy/io/memory_stream.h"
#include "test/proxy/session/line_session.h"
#include "test/proxy/session/worker_fixture.h"
#include "test/proxy/tls/memory_client.h"
#include "test/proxy/tls/server_side.h"
#include "test/proxy/upstream/memory_connector.h"

namespace mantlet::session {
namespace {

constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

std::shared_ptr<const ProtocolTable> WithLineProtocol(std::string first) {
  const auto line = [](WorkerContext& worker, ProtocolHost& host) -> std::unique_ptr<Protocol> {
    return std::make_unique<LineSession>(worker, host);
  };
  const auto http = [](WorkerContext& worker, ProtocolHost& host) -> std::unique_ptr<Protocol> {
    return HttpProtocols({config::HttpProtocol::kHttp1})->Make("http/1.1", worker, host);
  };
  if (first == "line") {
    return std::make_shared<const ProtocolTable>(
        std::vector<ProtocolTable::Row>{{"line", line}, {"http/1.1", http}});
  }
  return std::make_shared<const ProtocolTable>(
      std::vector<ProtocolTable::Row>{{"http/1.1", http}, {"line", line}});
}

class ConnectionSeamsTest : public WorkerFixture<base::ManualClock>, public Connection::Observer {
 protected:
  ConnectionSeamsTest() {
    worker_.revalidation = &book_;
    worker_.client_verdicts = &verdicts_;
    config_.name = "public";
    config_.upstream = "app";
    target_->config.name = "app";
    target_->addresses = {io::SocketAddress::Unix("/in/memory").value()};
    target_->address_text = "app.example";
    pool_ = std::make_shared<upstream::Pool>(loop_, connector_, target_, shard_.Upstream("app"));
  }
  ~ConnectionSeamsTest() override {
    connection_.reset();
    slot_->current = slot_->last = nullptr;
    pool_.reset();
    io::RunReady(loop_);
  }

  void OnConnectionClosed(Connection*) override {
    over_ = true;
    loop_.DeferDelete(std::move(connection_));
  }
  void Listen(std::shared_ptr<const Acceptor> acceptor,
              std::shared_ptr<const ProtocolTable> protocols) {
    auto state = std::make_shared<ListenerState>();
    state->config = config_;
    state->acceptor = std::move(acceptor);
    state->protocols = std::move(protocols);
    state->pool = pool_;
    state->admission = admission_;
    state->metrics = &shard_.Listener("public");
    state->requests = &shard_.Requests("public", "app");
    state->upstream_metrics = &shard_.Upstream("app");
    state->policy = std::make_shared<const policy::Policy>();
    state->FindDenialCounters();
    slot_->current = slot_->last = state;
  }
  void Accept() {
    auto admitted = Admission::Admit(admission_, config_.limits, 1);
    connection_ = std::make_unique<Connection>(
        worker_, *this, slot_, std::get<Admission::Ticket>(std::move(admitted)),
        std::make_unique<io::MemoryStream>(wire_), target_->addresses[0]);
    connection_->Begin();
  }
  // Returns whether the upstream has received `text`, and makes it respond.
  bool UpstreamGets(std::string_view text) {
    return io::RunUntil(loop_, [&] {
      return !connector_.wires.empty() &&
             connector_.wires.back()->sent.find(text) != std::string::npos;
    });
  }
  bool Counted(std::string_view line) const {
    return metrics_.Render().find(line) != std::string::npos;
  }

  RevalidationSchedule book_{loop_, clock_};
  verify::ClientVerdictCache verdicts_;
  upstream::MemoryConnector connector_{loop_};
  std::shared_ptr<upstream::Target> target_ = std::make_shared<upstream::Target>();
  std::shared_ptr<upstream::Pool> pool_;
  std::shared_ptr<Admission> admission_ = std::make_shared<Admission>();
  config::Listener config_;
  std::shared_ptr<ListenerSlot> slot_ = std::make_shared<ListenerSlot>();
  std::shared_ptr<io::Wire> wire_ = std::make_shared<io::Wire>();
  std::unique_ptr<Connection> connection_;
  bool over_ = false;
};

TEST_F(ConnectionSeamsTest, APlainAcceptorServesHttpWithoutTls) {
  Listen(std::make_shared<const PlainAcceptor>(), HttpProtocols({config::HttpProtocol::kHttp1}));
  Accept();
  ASSERT_EQ(connection_->state(), Connection::State::kIdle);
  wire_->Arrive("GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n");
  ASSERT_TRUE(UpstreamGets("\r\n\r\n"));
  EXPECT_NE(connector_.wires[0]->sent.find("X-Forwarded-Proto: http\r\n"), std::string::npos);
  connector_.wires[0]->Arrive(kOk);
  EXPECT_TRUE(wire_->sent.ends_with("\r\n\r\nok")) << wire_->sent;
  EXPECT_EQ(pool_->idle(), 1u);
  EXPECT_EQ(admission_->handshakes(), 0u);
  EXPECT_FALSE(
      Counted("mantlet_tls_handshakes_total{listener=\"public\",version=\"TLSv1.2\","
              "resumed=\"false\",client_certificate=\"false\"} 1"))
      << "there was none";
  wire_->ArriveEnd();
  EXPECT_TRUE(over_);
}

TEST_F(ConnectionSeamsTest, APlainConnectionThatALimitForbidsIsClosed) {
  config_.limits.handshakes_per_second = 1;
  Listen(std::make_shared<const PlainAcceptor>(), HttpProtocols({config::HttpProtocol::kHttp1}));
  for (int i = 0; i < 2; ++i) {
    over_ = false;
    wire_ = std::make_shared<io::Wire>();
    Accept();
    EXPECT_EQ(over_, i == 1) << i;
    connection_.reset();
  }
  EXPECT_TRUE(wire_->aborted);
}

TEST_F(ConnectionSeamsTest, AnotherProtocolUsesTheSameExchange) {
  Listen(std::make_shared<const PlainAcceptor>(), WithLineProtocol("line"));
  Accept();
  wire_->Arrive("/first\n/second\n");
  ASSERT_TRUE(UpstreamGets("GET /first HTTP/1.1\r\nHost: line.example\r\n"));
  EXPECT_EQ(connection_->state(), Connection::State::kRequest);
  connector_.wires[0]->sent.clear();
  connector_.wires[0]->Arrive(kOk);
  EXPECT_EQ(wire_->sent, "200\nok\n.\n");
  ASSERT_TRUE(UpstreamGets("GET /second HTTP/1.1\r\n")) << "over the same connection";
  EXPECT_EQ(connector_.wires.size(), 1u);
  EXPECT_EQ(connection_->requests(), 2u);
  connection_->Drain();
  connector_.wires[0]->Arrive(kOk);
  EXPECT_TRUE(over_) << "the answer to what was under way is the last";
  EXPECT_TRUE(
      Counted("mantlet_requests_total{listener=\"public\",upstream=\"app\",method=\"GET\","
              "code=\"200\"} 2"));
}

TEST_F(ConnectionSeamsTest, AnotherProtocolGetsTheExchangesOwnAnswers) {
  connector_.failure = io::StreamFailure::kConnectRefused;
  Listen(std::make_shared<const PlainAcceptor>(), WithLineProtocol("line"));
  Accept();
  wire_->Arrive("/x\n");
  ASSERT_TRUE(io::RunUntil(loop_, [&] { return !wire_->sent.empty(); }));
  EXPECT_TRUE(wire_->sent.starts_with("502\n")) << wire_->sent;
}

class AlpnTest : public ConnectionSeamsTest {
 protected:
  // Creates a TLS listener that speaks `protocols` and a client that offers `offered`.
  void Shake(const std::vector<std::string>& protocols, const std::vector<std::string>& offered) {
    tls::ServerContext::Options options;
    options.client_auth = config::ClientAuthMode::kNone;
    options.credentials = {tls::Serve(tls::ServerCertificate(), {"server.example"})};
    options.protocols = protocols;
    options.clock = &clock_;
    Listen(std::make_shared<const TlsAcceptor>(
               loop_, tls::ServerContext::Create(std::move(options)).value(), verdicts_),
           WithLineProtocol("http/1.1"));
    tls::MemoryClient::Options client;
    client.alpn = offered;
    client_ = std::make_unique<tls::MemoryClient>(client);
    Accept();
    client_->Pump(*wire_);
  }
  std::unique_ptr<tls::MemoryClient> client_;
};

TEST_F(AlpnTest, TheProtocolThatAlpnChoosesIsSpoken) {
  Shake({"line", "http/1.1"}, {"unknown", "line"});
  client_->Write("/over/tls\n");
  client_->Pump(*wire_);
  ASSERT_TRUE(UpstreamGets("GET /over/tls HTTP/1.1\r\n"));
  EXPECT_NE(connector_.wires[0]->sent.find("X-Forwarded-Proto: https\r\n"), std::string::npos);
}

TEST(ProtocolTableTest, NamesItsRowsInTheirOrder) {
  using config::HttpProtocol;
  EXPECT_EQ(HttpProtocols({HttpProtocol::kHttp1})->names(),
            (std::vector<std::string>{"http/1.1", "http/1.0"}));
  EXPECT_EQ(HttpProtocols({HttpProtocol::kHttp2, HttpProtocol::kHttp1})->names(),
            (std::vector<std::string>{"h2", "http/1.1", "http/1.0"}));
}

TEST_F(AlpnTest, TheFirstProtocolOfTheTableIsSpokenWithoutAlpn) {
  Shake({"line", "http/1.1"}, {});
  client_->Write("GET /http HTTP/1.1\r\nHost: a\r\n\r\n");
  client_->Pump(*wire_);
  EXPECT_TRUE(UpstreamGets("GET /http HTTP/1.1\r\n"));
}

TEST_F(AlpnTest, AProtocolThatTheListenerDoesNotSpeakIsRefused) {
  Shake({"http/1.1"}, {"line"});
  EXPECT_EQ(connection_ == nullptr ? Connection::State::kClosing : connection_->state(),
            Connection::State::kClosing);
  EXPECT_TRUE(Counted("reason=\"no_application_protocol\"} 1"));
}

}  // namespace
}  // namespace mantlet::session
