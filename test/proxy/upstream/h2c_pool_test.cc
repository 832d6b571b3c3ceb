#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "proxy/upstream/pool.h"
#include "test/proxy/http2/fake_server.h"
#include "test/proxy/upstream/pool_fixture.h"

namespace mantlet::upstream {
namespace {

using base::ErrorReason;
using config::Milliseconds;
using io::RunReady;
using io::RunUntil;

struct RecordingResponse final : http::ResponseHandler {
  void OnInterimResponse(const http::ResponseHead&) override {}
  void OnResponseHead(const http::ResponseHead& head) override { status = head.status; }
  void OnResponseBody(std::string_view) override {}
  void OnResponseTrailers(const http::HeaderList&) override {}
  void OnResponseEnd() override {
    ended = true;
    lease.Release();
  }
  void OnResponseFlush() override {}
  void OnRequestDrained() override {}
  void OnUpstreamError(base::ProxyError why) override {
    error = std::move(why);
    lease.Release();
  }

  Lease lease;
  std::optional<base::ProxyError> error;
  int status = 0;
  bool ended = false;
};

class H2cPoolTest : public PoolTest {
 protected:
  H2cPoolTest() {
    upstream_.on_data = [this](FakeUpstream::Peer& peer) {
      for (size_t i = 0; i < upstream_.peers.size(); ++i) {
        if (upstream_.peers[i].get() != &peer) continue;
        server(i).Receive(std::exchange(peer.handler.data, {}));
      }
    };
  }
  ~H2cPoolTest() override {
    requests_.clear();
    pool_.reset();
    RunReady(loop_);
  }

  Pool& h2c() {
    if (pool_ == nullptr) {
      pool_ = std::make_shared<Pool>(loop_, connector_, target_, upstream_metrics_,
                                     std::make_shared<http2::SessionMemory>(loop_.blocks()));
    }
    return *pool_;
  }
  // The server on the connection with this number.
  http2::FakeServer& server(size_t i) {
    while (servers_.size() <= i) {
      FakeUpstream::Peer* peer = upstream_.peers[servers_.size()].get();
      servers_.push_back(std::make_unique<http2::FakeServer>(
          [peer](std::string_view bytes) { peer->Say(bytes); },
          std::initializer_list<nghttp2_settings_entry>{
              {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams_}}));
    }
    return *servers_[i];
  }
  // Sends a GET as soon as there is a slot.
  RecordingResponse& Ask() {
    RecordingResponse& response = *requests_.emplace_back(std::make_unique<RecordingResponse>());
    if (Lease lease = h2c().TakeIdle(Pool::Request::kOnce)) {
      Send(std::move(lease), response);
      return response;
    }
    auto waiter = std::make_unique<RecordingWaiter>();
    RecordingWaiter* raw = waiter.get();
    waiter->on_call = [this, raw, &response] {
      if (raw->error) {
        response.error = raw->error;
      } else {
        Send(std::move(raw->connection), response);
      }
    };
    EXPECT_TRUE(h2c().Wait(raw));
    waiters_.push_back(std::move(waiter));
    return response;
  }
  void Send(Lease lease, RecordingResponse& response) {
    response.lease = std::move(lease);
    http::RequestHead head;
    head.method_text = "GET";
    head.target = "/";
    response.lease->WriteHead(head, {strip_, identity_, "", "app"}, response);
    response.lease->WriteEnd({});
    response.lease->Flush();
  }
  // Until the connection with this number has received as many requests.
  bool Received(size_t i, size_t requests) {
    return RunUntil(loop_, [&] {
      return upstream_.peers.size() > i && server(i).Count("HEADERS") >= requests;
    });
  }
  io::RecordingHandler& Peer(size_t i) { return upstream_.peers[i]->handler; }
  bool SettingsKnown(size_t i) {
    return RunUntil(
        loop_, [&] { return upstream_.peers.size() > i && server(i).Count("SETTINGS 0 ACK") > 0; });
  }

  uint32_t streams_ = 100;  // what the upstream allows on a connection
  std::vector<std::unique_ptr<http2::FakeServer>> servers_;
  std::vector<std::unique_ptr<RecordingResponse>> requests_;
  std::vector<std::unique_ptr<RecordingWaiter>> waiters_;
  identity::StripSet strip_;
  identity::RenderedIdentity identity_;
};

TEST_F(H2cPoolTest, OneConnectionCarriesManyRequests) {
  for (int i = 0; i < 20; ++i) Ask();
  ASSERT_TRUE(Received(0, 20));
  EXPECT_EQ(upstream_.peers.size(), 1u);
  EXPECT_EQ(Gauge("active"), "1");
  for (int id = 1; id < 40; id += 2) server(0).Answer(id);
  ASSERT_TRUE(RunUntil(loop_, [&] { return requests_.back()->ended; }));
  for (const auto& request : requests_) EXPECT_EQ(request->status, 200);
  EXPECT_EQ(Gauge("active"), "0");
  EXPECT_EQ(Gauge("idle"), "1");
}

TEST_F(H2cPoolTest, AnotherConnectionIsOpenedWhenAllSlotsAreInUse) {
  streams_ = 2;
  Ask();
  ASSERT_TRUE(SettingsKnown(0));
  Ask();
  ASSERT_TRUE(Received(0, 2));
  Ask();
  ASSERT_TRUE(Received(1, 1)) << "two slow requests delay no third";
  EXPECT_EQ(Gauge("active"), "2");
}

TEST_F(H2cPoolTest, AtTheLimitOfConnectionsRequestsWaitForASlot) {
  streams_ = 1;
  target_->config.pool.connections = 1;
  Ask();
  ASSERT_TRUE(SettingsKnown(0));
  RecordingResponse& second = Ask();
  RunReady(loop_);
  EXPECT_EQ(server(0).Count("HEADERS"), 1u);
  server(0).Answer(1);
  ASSERT_TRUE(Received(0, 2));
  server(0).Answer(3);
  ASSERT_TRUE(RunUntil(loop_, [&] { return second.ended; }));
  EXPECT_EQ(upstream_.peers.size(), 1u);
}

TEST_F(H2cPoolTest, WaitingForASlotHasATimeout) {
  streams_ = 1;
  target_->config.pool.connections = 1;
  target_->config.timeouts.queue = Milliseconds(50);
  Ask();
  ASSERT_TRUE(SettingsKnown(0));
  RecordingResponse& second = Ask();
  ASSERT_TRUE(RunUntil(loop_, [&] { return second.error.has_value(); }));
  EXPECT_EQ(second.error->reason, ErrorReason::kTimeoutQueue);
}

TEST_F(H2cPoolTest, ALowerLimitOfStreamsIsObeyed) {
  streams_ = 3;
  Ask();
  ASSERT_TRUE(SettingsKnown(0));
  Ask();
  ASSERT_TRUE(Received(0, 2));
  server(0).Settings({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2}});
  ASSERT_TRUE(RunUntil(loop_, [&] { return server(0).Count("SETTINGS 0 ACK") == 2; }));
  Ask();
  ASSERT_TRUE(Received(1, 1));
  EXPECT_EQ(server(0).Count("HEADERS"), 2u);
}

TEST_F(H2cPoolTest, ACancelledRequestFreesItsSlot) {
  streams_ = 1;
  target_->config.pool.connections = 1;
  RecordingResponse& first = Ask();
  ASSERT_TRUE(SettingsKnown(0));
  ASSERT_TRUE(Received(0, 1));
  Ask();
  first.lease.Release();
  ASSERT_TRUE(Received(0, 2));
  EXPECT_EQ(server(0).Count("RST_STREAM 1 CANCEL"), 1u);
}

TEST_F(H2cPoolTest, AfterGoawayTheConnectionCompletesItsStreamsAndCloses) {
  RecordingResponse& first = Ask();
  ASSERT_TRUE(Received(0, 1));
  server(0).Goaway(1);
  ASSERT_TRUE(RunUntil(loop_, [&] {
    Lease none = h2c().TakeIdle(Pool::Request::kRepeatable);
    return !none;
  }));
  Ask();
  ASSERT_TRUE(Received(1, 1)) << "new requests go elsewhere";
  EXPECT_FALSE(first.ended);
  server(0).Answer(1);
  ASSERT_TRUE(RunUntil(loop_, [&] { return first.ended && Peer(0).ends > 0; }));
  EXPECT_EQ(Gauge("active"), "1");
  EXPECT_EQ(Gauge("idle"), "0");
}

TEST_F(H2cPoolTest, ALostConnectionFailsItsRequestsAndNoOthers) {
  streams_ = 1;
  RecordingResponse& first = Ask();
  ASSERT_TRUE(SettingsKnown(0));
  RecordingResponse& second = Ask();
  ASSERT_TRUE(Received(1, 1));
  upstream_.peers[0]->Hang();
  ASSERT_TRUE(RunUntil(loop_, [&] { return first.error.has_value(); }));
  EXPECT_EQ(first.error->reason, ErrorReason::kClosedEarly);
  server(1).Answer(1);
  ASSERT_TRUE(RunUntil(loop_, [&] { return second.ended; }));
  EXPECT_EQ(Gauge("active"), "0");
  EXPECT_EQ(Gauge("idle"), "1");
}

TEST_F(H2cPoolTest, AnIdleConnectionIsClosedInTime) {
  target_->config.timeouts.idle = Milliseconds(100);
  RecordingResponse& only = Ask();
  ASSERT_TRUE(Received(0, 1));
  server(0).Answer(1);
  ASSERT_TRUE(RunUntil(loop_, [&] { return only.ended; }));
  EXPECT_EQ(h2c().idle(), 1u);
  ASSERT_TRUE(RunUntil(loop_, [&] { return Peer(0).ends > 0; }));
  EXPECT_EQ(server(0).Count("GOAWAY 0 NO_ERROR"), 1u);
  EXPECT_EQ(Gauge("idle"), "0");
}

TEST_F(H2cPoolTest, AConnectionWithAStreamIsNotIdle) {
  target_->config.timeouts.idle = Milliseconds(50);
  RecordingResponse& slow = Ask();
  RecordingResponse& fast = Ask();
  ASSERT_TRUE(Received(0, 2));
  server(0).Answer(3);
  ASSERT_TRUE(RunUntil(loop_, [&] { return fast.ended; }));
  base::FunctionTimer later([] {});
  loop_.ArmIn(later, 300);
  ASSERT_TRUE(RunUntil(loop_, [&] { return !later.armed(); }));
  server(0).Answer(1);
  ASSERT_TRUE(RunUntil(loop_, [&] { return slow.ended; }));
}

TEST_F(H2cPoolTest, NoIdleConnectionIsKeptIfNoneMayBe) {
  target_->config.pool.idle_connections = 0;
  RecordingResponse& only = Ask();
  ASSERT_TRUE(Received(0, 1));
  server(0).Answer(1);
  ASSERT_TRUE(RunUntil(loop_, [&] { return only.ended && Peer(0).ends > 0; }));
  EXPECT_EQ(Gauge("idle"), "0");
}

TEST_F(H2cPoolTest, AConnectionThatDoesNotAcknowledgeAPingIsLost) {
  h2c().SetLiveness({.silent_ms = 50, .answer_ms = 50});
  RecordingResponse& only = Ask();
  ASSERT_TRUE(SettingsKnown(0));
  server(0).StopAnswering();
  ASSERT_TRUE(RunUntil(loop_, [&] { return only.error.has_value(); }));
  EXPECT_EQ(server(0).Count("PING"), 1u);
  EXPECT_EQ(only.error->reason, ErrorReason::kReset);
  EXPECT_NE(only.error->detail.find("PING"), std::string::npos);
  EXPECT_EQ(Gauge("active"), "0");
}

TEST_F(H2cPoolTest, AnUpstreamThatAcknowledgesPingsMayBeSilent) {
  h2c().SetLiveness({.silent_ms = 50, .answer_ms = 100, .repeat_ms = 60'000});
  RecordingResponse& only = Ask();
  ASSERT_TRUE(
      RunUntil(loop_, [&] { return servers_.size() == 1 && server(0).Count("PING") == 1; }));
  base::FunctionTimer later([] {});
  loop_.ArmIn(later, 400);
  ASSERT_TRUE(RunUntil(loop_, [&] { return !later.armed(); }));
  EXPECT_FALSE(only.error) << only.error->detail;
  EXPECT_EQ(server(0).Count("PING"), 1u) << "gRPC servers count them";
  server(0).Answer(1);
  ASSERT_TRUE(RunUntil(loop_, [&] { return only.ended; }));
}

TEST_F(H2cPoolTest, AllThatWaitForAConnectionLearnThatThereIsNone) {
  target_->addresses = {io::SocketAddress::Unix("/nowhere/nobody.sock").value()};
  for (int i = 0; i < 3; ++i) Ask();
  ASSERT_TRUE(RunUntil(loop_, [&] { return requests_[2]->error.has_value(); }));
  for (const auto& request : requests_) {
    EXPECT_EQ(request->error->reason, ErrorReason::kConnectRefused);
  }
  EXPECT_EQ(Gauge("connecting"), "0");
}

TEST_F(H2cPoolTest, ARetryWaitsForAnotherConnection) {
  Ask();
  RecordingResponse& done = Ask();
  ASSERT_TRUE(Received(0, 2));
  RecordingWaiter again;
  ASSERT_TRUE(h2c().Wait(&again, Pool::Request::kRepeatable, true));
  server(0).Answer(3);  // and so frees a slot
  ASSERT_TRUE(RunUntil(loop_, [&] { return done.ended; }));
  ASSERT_TRUE(Served(again));
  ASSERT_TRUE(again.connection);
  RecordingResponse response;
  Send(std::move(again.connection), response);
  ASSERT_TRUE(Received(1, 1));
}

TEST_F(H2cPoolTest, ARetryAtTheLimitUsesTheConnectionThatIsThere) {
  target_->config.pool.connections = 1;
  Ask();
  ASSERT_TRUE(Received(0, 1));
  RecordingWaiter again;
  ASSERT_TRUE(h2c().Wait(&again, Pool::Request::kRepeatable, true));
  EXPECT_EQ(again.calls, 0);
  ASSERT_TRUE(Served(again));
  EXPECT_TRUE(again.connection);
}

TEST_F(H2cPoolTest, AnAddressThatGoesAwayKeepsItsStreams) {
  RecordingResponse& only = Ask();
  ASSERT_TRUE(Received(0, 1));
  auto changed = std::make_shared<Target>(*target_);
  changed->addresses = {io::SocketAddress::Unix("/nowhere/nobody.sock").value()};
  h2c().SetTarget(changed);
  EXPECT_FALSE(h2c().TakeIdle(Pool::Request::kRepeatable));
  server(0).Answer(1);
  ASSERT_TRUE(RunUntil(loop_, [&] { return only.ended && Peer(0).ends > 0; }));
}

TEST_F(H2cPoolTest, AShutDownPoolServesWhatItHasAndKeepsNothing) {
  RecordingResponse& open = Ask();
  ASSERT_TRUE(Received(0, 1));
  h2c().Shutdown();
  RecordingResponse& waiting = Ask();
  ASSERT_TRUE(Received(1, 1));
  server(0).Answer(1);
  server(1).Answer(1);
  ASSERT_TRUE(RunUntil(loop_, [&] { return open.ended && waiting.ended; }));
  ASSERT_TRUE(RunUntil(loop_, [&] { return Peer(0).ends > 0 && Peer(1).ends > 0; }));
}

TEST_F(H2cPoolTest, TheLastLeaseMayReleaseThePool) {
  RecordingResponse& only = Ask();
  ASSERT_TRUE(Received(0, 1));
  pool_.reset();
  server(0).Answer(1);
  ASSERT_TRUE(RunUntil(loop_, [&] { return only.ended && Peer(0).ends > 0; }));
}

}  // namespace
}  // namespace mantlet::upstream
