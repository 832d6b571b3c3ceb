// Tests an HTTP/1 session without its connection, with a table of states and events.

#include "proxy/session/http1_session.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "test/proxy/io/loop_driver.h"
#include "test/proxy/io/memory_stream.h"
#include "test/proxy/session/worker_fixture.h"
#include "test/proxy/upstream/memory_connector.h"

namespace mantlet::session {
namespace {

constexpr char kGet[] = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// A ProtocolHost in memory.
class Http1SessionTest : public WorkerFixture<base::SystemClock>, public ProtocolHost {
 protected:
  Http1SessionTest() {
    auto state = std::make_shared<ListenerState>();
    state->config.name = "public";
    state->config.upstream = "app";
    state->config.timeouts.request_head = state->config.timeouts.idle =
        state->config.timeouts.body = config::Milliseconds(60);
    state->config.timeouts.write = config::Milliseconds(60);
    state->admission = std::make_shared<Admission>();
    state->metrics = &shard_.Listener("public");
    state->requests = &shard_.Requests("public", "app");
    state->upstream_metrics = &shard_.Upstream("app");
    state->policy = std::make_shared<const policy::Policy>();
    state->FindDenialCounters();
    auto target = std::make_shared<upstream::Target>();
    target->config.name = "app";
    target->addresses = {io::SocketAddress::Unix("/in/memory").value()};
    pool_ = std::make_shared<upstream::Pool>(loop_, connector_, target, shard_.Upstream("app"));
    state->pool = pool_;
    state_ = state;
    auto facts = std::make_shared<ClientFacts>();
    facts->peer = &peer_;
    client_facts_ = std::move(facts);
    stream_.SetReading(true);
    session_ = std::make_unique<Http1Session>(worker_, *this);
  }
  ~Http1SessionTest() override {
    session_.reset();
    state_.reset();
    pool_.reset();
    io::RunReady(loop_);
  }

  // ProtocolHost
  io::ByteStream& stream() override { return stream_; }
  void RestoreHandler() override { restored_ = true; }
  const std::shared_ptr<const ClientFacts>& client() override { return client_facts_; }
  const std::shared_ptr<const ListenerState>& listener() override { return state_; }
  const std::shared_ptr<const ListenerState>& RefreshListener() override { return state_; }
  bool MayBegin() override { return true; }
  bool expires_soon() const override { return expires_soon_; }
  bool leaving() const override { return leaving_; }
  int64_t idle_grace_ms() const override { return 20; }
  int64_t age_left_ms() const override { return kNoAgeLimit; }
  void OnTunnelBegins() override { ++tunnels_; }
  void Done(CloseMode mode) override {
    EXPECT_FALSE(closed_.has_value()) << "once";
    closed_ = mode;
  }

  // ---- states

  void Fresh() {}
  void Answered() {
    Waiting();
    Upstream().Arrive(kOk);
    ASSERT_EQ(session_->activity(), Activity::kIdle);
  }
  void InHead() { session_->OnBytes("GET /x HT"); }
  void InBody() { session_->OnBytes("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"); }
  void Waiting() {
    session_->OnBytes(kGet);
    ASSERT_TRUE(io::RunUntil(
        loop_, [&] { return !connector_.wires.empty() && Upstream().sent.ends_with("\r\n\r\n"); }));
  }
  void Responding() {
    Waiting();
    Upstream().Arrive("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
  }
  void Pipelined() {
    Waiting();
    session_->OnBytes(kGet);
  }
  void InTunnel() {
    session_->OnBytes("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ws\r\n\r\n");
    ASSERT_TRUE(
        io::RunUntil(loop_, [&] { return !connector_.wires.empty() && !Upstream().sent.empty(); }));
    Upstream().Arrive(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ws\r\n\r\n");
    ASSERT_EQ(session_->activity(), Activity::kTunnel);
  }

  // ---- events

  void End() { session_->OnEnd(); }
  void Lost() { session_->OnLost({io::StreamFailure::kReset, "reset by the test"}); }
  void Drain() {
    leaving_ = true;
    session_->Stop(StopMode::kDrain, std::nullopt);
  }
  void StopAfterCurrent() {
    session_->Stop(StopMode::kAfterCurrent, base::ProxyError(base::ErrorReason::kClientInvalid));
  }
  void StopNow() { session_->Stop(StopMode::kNow, base::ProxyError(base::ErrorReason::kDraining)); }
  void Garbage() { session_->OnBytes("\x01\x02\r\n\r\n"); }
  void Time() {
    // Runs until the session has ended, or for longer than all of its deadlines.
    const int64_t then = loop_.now_ms();
    io::RunUntil(loop_, [&] { return closed_ || loop_.now_ms() > then + 400; });
  }

  io::Wire& Upstream() { return *connector_.wires.back(); }
  // Returns the status of the last response that the client has received; 0 if none.
  int Status() const {
    const size_t at = wire_->sent.rfind("HTTP/1.1 ");
    return at == std::string::npos ? 0 : std::stoi(wire_->sent.substr(at + 9));
  }

  upstream::MemoryConnector connector_{loop_};
  std::shared_ptr<upstream::Pool> pool_;
  std::shared_ptr<const ListenerState> state_;
  identity::PeerIdentity peer_;
  std::shared_ptr<const ClientFacts> client_facts_;
  std::shared_ptr<io::Wire> wire_ = std::make_shared<io::Wire>();
  io::MemoryStream stream_{wire_};
  std::unique_ptr<Http1Session> session_;
  std::optional<CloseMode> closed_;
  bool restored_ = false, expires_soon_ = false, leaving_ = false;
  int tunnels_ = 0;
};

using Step = void (Http1SessionTest::*)();

struct Case {
  const char* name;
  Step state;
  Step event;
  std::optional<CloseMode> closed;  // nullopt: the connection continues
  int status = 0;                   // of the response that the client has received
};

class Http1SessionTableTest : public Http1SessionTest, public testing::WithParamInterface<Case> {
 public:
  // The steps are protected members of the fixture, which only a derived class may name.
  static std::vector<Case> Cases() {
    using T = Http1SessionTableTest;
    using M = CloseMode;
    constexpr auto on = std::nullopt;
    return {
        {"FreshEnd", &T::Fresh, &T::End, M::kClose},
        {"FreshLost", &T::Fresh, &T::Lost, M::kClosed},
        {"FreshTime", &T::Fresh, &T::Time, M::kClose},
        {"FreshDrain", &T::Fresh, &T::Drain, on},
        {"FreshStopAfterCurrent", &T::Fresh, &T::StopAfterCurrent, M::kLinger},
        {"FreshStopNow", &T::Fresh, &T::StopNow, M::kClose},
        {"FreshGarbage", &T::Fresh, &T::Garbage, M::kLinger, 400},

        {"AnsweredEnd", &T::Answered, &T::End, M::kClose, 200},
        {"AnsweredTime", &T::Answered, &T::Time, M::kClose, 200},
        {"AnsweredDrain", &T::Answered, &T::Drain, on, 200},
        {"AnsweredStopAfterCurrent", &T::Answered, &T::StopAfterCurrent, M::kLinger, 200},
        {"AnsweredStopNow", &T::Answered, &T::StopNow, M::kClose, 200},
        {"AnsweredGarbage", &T::Answered, &T::Garbage, M::kLinger, 400},

        {"InHeadEnd", &T::InHead, &T::End, M::kClose},
        {"InHeadLost", &T::InHead, &T::Lost, M::kClosed},
        {"InHeadTime", &T::InHead, &T::Time, M::kLinger, 408},
        {"InHeadDrain", &T::InHead, &T::Drain, on},
        {"InHeadStopAfterCurrent", &T::InHead, &T::StopAfterCurrent, M::kLinger},
        {"InHeadGarbage", &T::InHead, &T::Garbage, M::kLinger, 400},

        {"InBodyEnd", &T::InBody, &T::End, M::kAbort},
        {"InBodyLost", &T::InBody, &T::Lost, M::kAbort},
        {"InBodyTime", &T::InBody, &T::Time, M::kLinger, 408},
        {"InBodyDrain", &T::InBody, &T::Drain, on},
        {"InBodyStopAfterCurrent", &T::InBody, &T::StopAfterCurrent, on},
        {"InBodyStopNow", &T::InBody, &T::StopNow, M::kAbort},

        {"WaitingEnd", &T::Waiting, &T::End, on},
        {"WaitingLost", &T::Waiting, &T::Lost, M::kAbort},
        {"WaitingDrain", &T::Waiting, &T::Drain, on},
        {"WaitingStopAfterCurrent", &T::Waiting, &T::StopAfterCurrent, on},
        {"WaitingStopNow", &T::Waiting, &T::StopNow, M::kAbort},
        {"WaitingGarbage", &T::Waiting, &T::Garbage, on},

        {"RespondingEnd", &T::Responding, &T::End, on, 200},
        {"RespondingLost", &T::Responding, &T::Lost, M::kAbort, 200},
        {"RespondingStopNow", &T::Responding, &T::StopNow, M::kAbort, 200},
        {"RespondingDrain", &T::Responding, &T::Drain, on, 200},

        {"PipelinedEnd", &T::Pipelined, &T::End, on},
        {"PipelinedStopNow", &T::Pipelined, &T::StopNow, M::kAbort},

        {"InTunnelDrain", &T::InTunnel, &T::Drain, on, 101},
        {"InTunnelStopAfterCurrent", &T::InTunnel, &T::StopAfterCurrent, on, 101},
        {"InTunnelStopNow", &T::InTunnel, &T::StopNow, M::kClosed, 101},
    };
  }
};

TEST_P(Http1SessionTableTest, EndsAsItShould) {
  const Case& c = GetParam();
  (this->*c.state)();
  ASSERT_FALSE(closed_.has_value());
  (this->*c.event)();
  EXPECT_EQ(closed_, c.closed);
  EXPECT_EQ(Status(), c.status) << wire_->sent;
}

INSTANTIATE_TEST_SUITE_P(StateAndEvent, Http1SessionTableTest,
                         testing::ValuesIn(Http1SessionTableTest::Cases()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_F(Http1SessionTest, AnswersPipelinedRequestsOneAfterTheOther) {
  Pipelined();
  EXPECT_FALSE(wire_->reading) << "no more than what has come";
  Upstream().sent.clear();
  Upstream().Arrive(kOk);
  ASSERT_TRUE(io::RunUntil(loop_, [&] { return Upstream().sent.ends_with("\r\n\r\n"); }));
  EXPECT_EQ(connector_.wires.size(), 1u);
  EXPECT_TRUE(wire_->reading);
  Upstream().Arrive(kOk);
  EXPECT_EQ(session_->requests(), 2u);
  EXPECT_EQ(session_->activity(), Activity::kIdle);
}

TEST_F(Http1SessionTest, AnswersPipelinedRequestsBeforeAHalfClose) {
  Pipelined();
  session_->OnEnd();
  Upstream().sent.clear();
  Upstream().Arrive(kOk);
  ASSERT_TRUE(io::RunUntil(loop_, [&] { return Upstream().sent.ends_with("\r\n\r\n"); }));
  ASSERT_FALSE(closed_);
  Upstream().Arrive(kOk);
  EXPECT_EQ(closed_, CloseMode::kClose);
  EXPECT_EQ(session_->requests(), 2u);
}

TEST_F(Http1SessionTest, TheResponseInADrainHasConnectionClose) {
  Waiting();
  Drain();
  Upstream().Arrive(kOk);
  EXPECT_NE(wire_->sent.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(closed_, CloseMode::kLinger);
}

TEST_F(Http1SessionTest, AClientThatIsValidatedSoonGetsConnectionClose) {
  expires_soon_ = true;
  Waiting();
  Upstream().Arrive(kOk);
  EXPECT_NE(wire_->sent.find("Connection: close\r\n"), std::string::npos);
}

TEST_F(Http1SessionTest, AClientThatReadsNothingIsNotReadUntilItHasTakenItsResponses) {
  wire_->room = 0;
  Waiting();
  Upstream().piece_bytes = 400'000;  // in one read, so that the session is idle with a backlog
  Upstream().Arrive("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" +
                    std::string(300'000, 'x'));
  ASSERT_EQ(session_->activity(), Activity::kIdle);
  EXPECT_FALSE(wire_->reading);
  wire_->room = SIZE_MAX;
  wire_->Flush();
  session_->OnDrained();
  EXPECT_TRUE(wire_->reading);
  EXPECT_FALSE(closed_);
}

TEST_F(Http1SessionTest, AClientThatNeverTakesItsResponsesIsCutOff) {
  wire_->room = 0;
  Waiting();
  Upstream().piece_bytes = 400'000;  // in one read, so that the session is idle with a backlog
  Upstream().Arrive("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" +
                    std::string(300'000, 'x'));
  Time();
  EXPECT_EQ(closed_, CloseMode::kAbort);
}

TEST_F(Http1SessionTest, ATunnelCarriesBytesBothWaysAndEndsWhole) {
  InTunnel();
  EXPECT_EQ(tunnels_, 1);
  EXPECT_EQ(pool_->idle(), 0u);
  wire_->Arrive("ping");
  EXPECT_TRUE(Upstream().sent.ends_with("ping"));
  Upstream().Arrive("pong");
  EXPECT_TRUE(wire_->sent.ends_with("pong"));
  Upstream().ArriveEnd();
  wire_->ArriveEnd();
  EXPECT_EQ(closed_, CloseMode::kClosed);
  EXPECT_TRUE(restored_) << "its events are the connection's again";
  EXPECT_NE(metrics_.Render().find("code=\"101\"} 1"), std::string::npos) << "recorded at its end";
}

}  // namespace
}  // namespace mantlet::session
