// A client connection with its own worker context. Its client is a TLS client in memory, its
// upstream a Unix socket on the same loop.

#ifndef MANTLET_TEST_PROXY_SESSION_CONNECTION_FIXTURE_H_
#define MANTLET_TEST_PROXY_SESSION_CONNECTION_FIXTURE_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/session/connection.h"
#include "proxy/session/protocol_table.h"
#include "proxy/session/tls_acceptor.h"
#include "proxy/upstream/socket_connector.h"
#include "test/proxy/io/loop_driver.h"
#include "test/proxy/io/memory_stream.h"
#include "test/proxy/session/worker_fixture.h"
#include "test/proxy/tls/memory_client.h"
#include "test/proxy/tls/server_side.h"
#include "test/proxy/upstream/fake_upstream.h"

namespace mantlet::session {

inline constexpr char kGet[] = "GET /x HTTP/1.1\r\nHost: server.example\r\n\r\n";
inline constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class ConnectionTest : public WorkerFixture<base::ManualClock>, public Connection::Observer {
 protected:
  ConnectionTest() {
    config_.name = "public";
    config_.upstream = "app";
    config_.tls.certificates.resize(1);
    worker_.revalidation = &book_;
    worker_.client_verdicts = &verdicts_;
    worker_.drain_ms = 100;
    Apply();
  }
  ~ConnectionTest() override {
    connection_.reset();
    slot_->current = slot_->last = nullptr;
    pool_.reset();
    io::RunReady(loop_);
  }

  void OnConnectionClosed(Connection*) override {
    over_ = true;
    loop_.DeferDelete(std::move(connection_));
  }

  // Applies the test's changes like a reload.
  void Apply() {
    auto state = std::make_shared<ListenerState>();
    state->config = config_;
    tls::ServerContext::Options options;
    options.client_auth = config_.client_auth.mode;
    options.credentials = {tls::Serve(tls::ServerCertificate(), {"server.example"})};
    options.protocols = protocols_->names();
    options.clock = &clock_;
    if (config_.client_auth.mode != config::ClientAuthMode::kNone) {
      verify::ClientVerifier::Options verifier;
      verifier.by_trust_bundle =
          std::make_shared<const verify::ChainVerifier>(trust_, verify::ChainVerifier::Options());
      verifier.spki_pins = config_.client_auth.spki_pins;
      options.verifier = std::make_shared<const verify::ClientVerifier>(std::move(verifier));
    }
    state->verifier = options.verifier;
    state->acceptor = std::make_shared<const TlsAcceptor>(
        loop_, tls::ServerContext::Create(std::move(options)).value(), verdicts_);
    state->protocols = protocols_;
    if (pool_ == nullptr) {
      pool_ = std::make_shared<upstream::Pool>(loop_, connector_, target_, shard_.Upstream("app"));
    }
    state->pool = pool_;
    state->admission = admission_;
    state->metrics = &shard_.Listener("public");
    state->requests = &shard_.Requests("public", "app");
    state->upstream_metrics = &shard_.Upstream("app");
    state->policy = std::make_shared<const policy::Policy>(config_.policy);
    state->FindDenialCounters();
    slot_->current = slot_->last = state;
    if (connection_ != nullptr) book_.SetDue(*connection_, RevalidationSchedule::kNow);
  }
  void Accept(const x509::Credential* who = &tls::ClientCertificate()) {
    tls::MemoryClient::Options options =
        who == nullptr ? tls::MemoryClient::Options() : tls::WithCertificate({who});
    options.alpn = offered_protocols_;
    client_ = std::make_unique<tls::MemoryClient>(std::move(options));
    auto admitted = Admission::Admit(admission_, config_.limits, 1);
    ASSERT_TRUE(std::holds_alternative<Admission::Ticket>(admitted));
    connection_ = std::make_unique<Connection>(
        worker_, *this, slot_, std::get<Admission::Ticket>(std::move(admitted)),
        std::make_unique<io::MemoryStream>(wire_), upstream_.address());
    connection_->Begin();
  }
  void Connect(const x509::Credential* who = &tls::ClientCertificate()) {
    Accept(who);
    Pump();
    ASSERT_EQ(State(), Connection::State::kIdle);
  }
  void Pump() { client_->Pump(*wire_); }
  void Send(std::string_view bytes) {
    client_->Write(bytes);
    Pump();
  }
  Connection::State State() const {
    return connection_ == nullptr ? Connection::State::kClosing : connection_->state();
  }
  // Sends a request and waits until the upstream has received it, without a response.
  void Ask(std::string_view request = kGet) {
    Send(request);
    ASSERT_TRUE(UpstreamHas(1));
  }
  bool UpstreamHas(size_t count) {
    return io::RunUntil(loop_, [&] {
      return upstream_.peers.size() == count &&
             upstream_.peers.back()->handler.data.find("\r\n\r\n") != std::string::npos;
    });
  }
  void OpenTunnel() {
    Ask("GET /ws HTTP/1.1\r\nHost: server.example\r\nConnection: upgrade\r\nUpgrade: "
        "websocket\r\n\r\n");
    upstream_.peers[0]->Say(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
    ASSERT_TRUE(ClientGets("101 "));
    ASSERT_EQ(State(), Connection::State::kTunnel);
  }
  bool ClientGets(std::string_view text) {
    return io::RunUntil(loop_, [&] {
      Pump();
      return client_->received().find(text) != std::string::npos;
    });
  }
  bool Finish() {
    return io::RunUntil(loop_, [&] { return over_; });
  }
  RevalidationSchedule book_{loop_, clock_};
  verify::ClientVerdictCache verdicts_;
  upstream::FakeUpstream upstream_{loop_};
  std::shared_ptr<upstream::Target> target_ = upstream_.MakeTarget();
  upstream::SocketConnector connector_{loop_};
  std::shared_ptr<upstream::Pool> pool_;
  std::shared_ptr<Admission> admission_ = std::make_shared<Admission>();
  config::Listener config_;
  std::shared_ptr<const ProtocolTable> protocols_ =
      HttpProtocols({config::HttpProtocol::kHttp1});  // of the listener
  std::vector<std::string> offered_protocols_;        // by the client, in ALPN
  x509::TrustStorePtr trust_ = x509::Trust({x509::Root()});
  std::shared_ptr<ListenerSlot> slot_ = std::make_shared<ListenerSlot>();
  std::shared_ptr<io::Wire> wire_ = std::make_shared<io::Wire>();
  std::unique_ptr<tls::MemoryClient> client_;
  std::unique_ptr<Connection> connection_;
  bool over_ = false;
};

}  // namespace mantlet::session

#endif  // MANTLET_TEST_PROXY_SESSION_CONNECTION_FIXTURE_H_
