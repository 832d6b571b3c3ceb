// An exchange between a client in memory and an upstream on a Unix socket of the same loop, with a
// real pool.

#ifndef MANTLET_TEST_PROXY_SESSION_EXCHANGE_FIXTURE_H_
#define MANTLET_TEST_PROXY_SESSION_EXCHANGE_FIXTURE_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/http1/server_codec.h"
#include "proxy/session/back_pressure.h"
#include "proxy/session/exchange.h"
#include "proxy/upstream/socket_connector.h"
#include "test/config/policy_text.h"
#include "test/proxy/io/loop_driver.h"
#include "test/proxy/io/memory_stream.h"
#include "test/proxy/session/worker_fixture.h"
#include "test/proxy/upstream/fake_upstream.h"

namespace mantlet::session {

class ExchangeTest : public WorkerFixture<base::SystemClock>,
                     public ExchangeHandler,
                     public http::ResponseWriter,
                     private http::RequestSink {
 protected:
  // The state of an HTTP/1 connection after an exchange.
  enum class End { kKeepAlive, kClose, kLinger, kAbort, kTunnel };

  ExchangeTest() {
    listener_.config.name = "public";
    listener_.config.upstream = "app";
    listener_.config.client_auth.mode = config::ClientAuthMode::kNone;
    listener_.admission = std::make_shared<Admission>();
    listener_.metrics = &shard_.Listener("public");
    listener_.requests = &shard_.Requests("public", "app");
    listener_.upstream_metrics = &shard_.Upstream("app");
    listener_.policy = std::make_shared<const policy::Policy>();
    listener_.FindDenialCounters();
  }
  ~ExchangeTest() override {
    exchange_.reset();
    pool_.reset();
    io::RunReady(loop_);
  }

  // Sets the policy, in YAML flow style without the braces. Must be called before the first
  // Client().
  void Policy(const std::string& flow) {
    listener_.policy = std::make_shared<const policy::Policy>(config::ParsePolicy(flow));
    listener_.FindDenialCounters();
  }

  // Sends bytes from the client. The first call fixes `target_` and `listener_`.
  void Client(std::string_view bytes) {
    if (pool_ == nullptr) {
      pool_ =
          std::make_shared<upstream::Pool>(loop_, connector_, target_, *listener_.upstream_metrics);
      listener_.pool = pool_;
      state_ = std::make_shared<const ListenerState>(listener_);
    }
    if (exchange_ == nullptr) exchange_ = std::make_unique<Exchange>(worker_, *this, *this);
    http1::ParseResult result = codec_.Read(bytes, http1::ParserLimits(), *this);
    ASSERT_NE(result.status, http1::ParseResult::Status::kError) << result.error.detail;
    if (refusal_) {
      base::ProxyError refusal = *std::exchange(refusal_, std::nullopt);
      exchange_->Refuse(std::move(refusal));
    } else if (exchange_->active()) {
      exchange_->FlushRequest();
    }
  }
  // Runs until the exchange is over and returns the state of the connection.
  End Ended() {
    EXPECT_TRUE(io::RunUntil(loop_, [&] { return ends_.size() > ended_; })) << "no end in sight";
    return ends_.size() > ended_ ? ends_[ended_++] : End::kAbort;
  }
  // Runs until the upstream has `count` connections and the last of them has received `text`.
  bool UpstreamHears(size_t count, std::string_view text) {
    return io::RunUntil(loop_, [&] {
      return upstream_.peers.size() == count &&
             upstream_.peers.back()->handler.data.find(text) != std::string::npos;
    });
  }
  upstream::FakeUpstream::Peer& Peer(size_t i = 0) { return *upstream_.peers[i]; }
  // The bytes that the client has received, and their status; 0 if there is none.
  const std::string& got() const { return client_->sent; }
  int Status() const { return got().starts_with("HTTP/1.1 ") ? std::stoi(got().substr(9)) : 0; }
  bool Counted(std::string_view line) const {
    return metrics_.Render().find(line) != std::string::npos;
  }

  // ExchangeHandler
  void OnExchangeEnd(ExchangeEnd end) override { ends_.push_back(EndOf(end)); }
  End EndOf(ExchangeEnd end) const {
    if (end == ExchangeEnd::kReset) return End::kAbort;
    if (end == ExchangeEnd::kUpgraded) return End::kTunnel;
    if (codec_.keep_alive()) return End::kKeepAlive;
    return exchange_->request_complete() ? End::kClose : End::kLinger;
  }
  // http::ResponseWriter
  void WriteInterim(const http::ResponseHead& head) override { codec_.WriteInterim(head); }
  void WriteHead(const http::ResponseHead& head) override { codec_.WriteHead(head, KeepAlive()); }
  void WriteBody(std::string_view piece) override { codec_.WriteBody(piece); }
  void WriteEnd(const http::HeaderList& trailers) override { codec_.WriteEnd(trailers); }
  http::LocalReply WriteLocalReply(int status, std::string_view text) override {
    return codec_.WriteLocalReply(status, text, KeepAlive());
  }
  void Flush() override { stream_.Flush(); }
  size_t buffer_limit() const override { return kHighWaterBytes; }
  size_t buffered() const override { return stream_.buffered(); }
  size_t untaken() const override { return stream_.untaken(); }
  void PauseRequest(bool paused) override { paused_ = paused; }
  bool KeepAlive() const {
    return codec_.request().keep_alive && exchange_->request_complete() && !worker_.draining;
  }
  // http::RequestSink
  void OnRequestHead(http::RequestHead& head) override {
    facts_.peer = &peer_;
    refusal_ = exchange_->Begin(state_, head, std::make_shared<const ClientFacts>(facts_));
  }
  void OnRequestBody(std::string_view piece) override {
    if (!refusal_) exchange_->OnRequestBody(piece);
  }
  void OnRequestTrailers(const http::HeaderList& trailers) override {
    exchange_->OnRequestTrailers(trailers);
  }
  void OnRequestEnd() override { exchange_->OnRequestEnd(); }

  upstream::FakeUpstream upstream_{loop_};
  std::shared_ptr<upstream::Target> target_ = upstream_.MakeTarget();
  upstream::SocketConnector connector_{loop_};
  std::shared_ptr<upstream::Pool> pool_;
  ListenerState listener_;
  std::shared_ptr<const ListenerState> state_;
  identity::PeerIdentity peer_;
  ClientFacts facts_{{}, "192.0.2.1", ""};

  std::shared_ptr<io::Wire> client_ = std::make_shared<io::Wire>();
  io::MemoryStream stream_{client_};
  http1::ServerCodec codec_{worker_.parsers, loop_.buffers(), stream_};
  std::optional<base::ProxyError> refusal_;
  std::unique_ptr<Exchange> exchange_;
  bool paused_ = false;
  std::vector<End> ends_;
  size_t ended_ = 0;
};

}  // namespace mantlet::session

#endif  // MANTLET_TEST_PROXY_SESSION_EXCHANGE_FIXTURE_H_
