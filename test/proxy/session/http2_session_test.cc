// Tests an HTTP/2 session without its connection, with a table of states and events. No test waits:
// the time that passes is the test's.

#include "proxy/session/http2_session.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "test/config/policy_text.h"
#include "test/proxy/http2/frame_log.h"
#include "test/proxy/http2/frames.h"
#include "test/proxy/io/loop_driver.h"
#include "test/proxy/io/memory_stream.h"
#include "test/proxy/session/worker_fixture.h"
#include "test/proxy/upstream/memory_connector.h"

namespace mantlet::session {
namespace {

using namespace http2::testing;  // NOLINT(google-build-using-namespace): the builders of frames

constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
constexpr uint32_t kCancel = 8;
constexpr int64_t kIdleGraceMs = 1000;

// A ProtocolHost in memory.
class Http2SessionTest : public WorkerFixture<base::SystemClock>, public ProtocolHost {
 protected:
  Http2SessionTest() {
    listener_.config.name = "public";
    listener_.config.upstream = "app";
    listener_.admission = std::make_shared<Admission>();
    listener_.metrics = &shard_.Listener("public");
    listener_.requests = &shard_.Requests("public", "app");
    listener_.upstream_metrics = &shard_.Upstream("app");
    listener_.policy = std::make_shared<const policy::Policy>();
    listener_.FindDenialCounters();
    target_->config.name = "app";
    target_->addresses = {io::SocketAddress::Unix("/in/memory").value()};
    auto facts = std::make_shared<ClientFacts>();
    facts->peer = &peer_;
    client_facts_ = std::move(facts);
    stream_.SetReading(true);
  }
  ~Http2SessionTest() override {
    session_.reset();
    listener_.pool.reset();
    state_.reset();
    pool_.reset();
    io::RunReady(loop_);
  }

  // ProtocolHost
  io::ByteStream& stream() override { return stream_; }
  void RestoreHandler() override {}
  const std::shared_ptr<const ClientFacts>& client() override { return client_facts_; }
  const std::shared_ptr<const ListenerState>& listener() override { return state_; }
  const std::shared_ptr<const ListenerState>& RefreshListener() override { return state_; }
  bool MayBegin() override {
    if (!may_begin_ && !std::exchange(stopped_, true)) {
      session_->Stop(StopMode::kAfterCurrent, base::ProxyError(base::ErrorReason::kClientInvalid));
    }
    return may_begin_;
  }
  bool expires_soon() const override { return expires_soon_; }
  bool leaving() const override { return leaving_; }
  int64_t idle_grace_ms() const override { return kIdleGraceMs; }
  int64_t age_left_ms() const override { return kNoAgeLimit; }
  void OnTunnelBegins() override {}
  void Done(CloseMode mode) override {
    EXPECT_FALSE(closed_.has_value()) << "once";
    closed_ = mode;
  }

  // Makes the session; `listener_` and `target_` are fixed from then on.
  void Start() {
    pool_ = std::make_shared<upstream::Pool>(loop_, connector_, target_, shard_.Upstream("app"));
    listener_.pool = pool_;
    state_ = std::make_shared<const ListenerState>(listener_);
    session_ = std::make_unique<Http2Session>(worker_, *this);
    io::RunReady(loop_);
    EXPECT_EQ(Sent(), "SETTINGS W0:983041");
  }
  void Open() {
    Start();
    Client(Opening() + Frame(kSettings, kAck, 0, ""));
    EXPECT_EQ(Sent(), "SETTINGS-ACK");
  }
  // What one read brings, and the turns of the loop behind it.
  void Client(std::string_view bytes) {
    session_->OnBytes(bytes);
    io::RunReady(loop_);
  }
  std::string Sent() { return log_.Take(wire_->sent); }
  io::Wire& Upstream(size_t i) { return *connector_.wires.at(i); }
  void Answer(size_t i, std::string_view bytes = kOk) {
    Upstream(i).Arrive(bytes);
    io::RunReady(loop_);
  }
  // Everything that is due within this time is due now.
  void Pass(int64_t ms) {
    loop_.timers().Advance(loop_.now_ms() + (passed_ms_ += ms + 50));
    io::RunReady(loop_);
  }
  bool Counted(std::string_view line) const {
    return metrics_.Render().find(line) != std::string::npos;
  }

  // ---- states

  void Fresh() { Start(); }
  void Opened() { Open(); }
  void Answered() {
    Waiting();
    Answer(0);
    EXPECT_EQ(Sent(), "H1:200,content-length=2 D1:ok+");
    ASSERT_EQ(session_->activity(), Activity::kIdle);
  }
  void InPreface() {
    Start();
    Client(kPreface.substr(0, 10));
  }
  void InHead() {
    Open();
    Client(Get(1).substr(0, 15));
  }
  void InHeadBlock() {
    Open();
    Client(Frame(kHeaders, kEndStream, 1, Block(Request()).substr(0, 20)));
  }
  void InBody() {
    Open();
    Client(Post(1) + Data(1, "abc"));
    ASSERT_EQ(connector_.wires.size(), 1u);
  }
  void Waiting() {
    Open();
    Client(Get(1));
    ASSERT_EQ(connector_.wires.size(), 1u);
    ASSERT_TRUE(Upstream(0).sent.ends_with("\r\n\r\n")) << Upstream(0).sent;
    ASSERT_EQ(session_->activity(), Activity::kRequest);
  }
  void Responding() {
    Waiting();
    Answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
    EXPECT_EQ(Sent(), "H1:200,content-length=9 D1:abc");
  }
  void OpenTunnel() {
    Open();
    Client(Headers(1, Request("CONNECT", "/chat", {{":protocol", "websocket"}}), kEndHeaders));
    Answer(0,
           "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    ASSERT_EQ(Sent(), "H1:200");
    ASSERT_EQ(session_->activity(), Activity::kTunnel);
  }
  // A newer state of the listener, whose policy denies every request.
  std::shared_ptr<const ListenerState> Denying(config::OnInvalid on_revocation) {
    auto state = std::make_shared<ListenerState>(*state_);
    state->config.client_auth.on_revocation = on_revocation;
    state->policy = std::make_shared<const policy::Policy>(
        config::ParsePolicy("rules: [{name: all, action: deny, match: {path: /**}}]"));
    state->FindDenialCounters();
    return state;
  }
  void WithoutWindow() {
    Start();
    Client(std::string(kPreface) + Setting(4, 0) + Get(1));
    Answer(0);
    Sent();
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
  void Garbage() { Client("GET / HTTP/1.1\r\nHost: a\r\n\r\n"); }
  void Violation() { Client(Data(99, "x")); }
  void ClientResets() { Client(RstStream(1, kCancel)); }
  void ClientLeaves() { Client(Goaway(0, 0)); }
  void HeadTime() { Pass(15'000); }
  void IdleTime() { Pass(75'000); }
  void Minute() { Pass(60'000); }
  void UpstreamDies() {
    Upstream(0).Break(io::StreamFailure::kReset);
    io::RunReady(loop_);
  }

  ListenerState listener_;
  std::shared_ptr<upstream::Target> target_ = std::make_shared<upstream::Target>();
  upstream::MemoryConnector connector_{loop_};
  std::shared_ptr<upstream::Pool> pool_;
  std::shared_ptr<const ListenerState> state_;
  identity::PeerIdentity peer_;
  std::shared_ptr<const ClientFacts> client_facts_;
  std::shared_ptr<io::Wire> wire_ = std::make_shared<io::Wire>();
  io::MemoryStream stream_{wire_};
  FrameLog log_;
  std::unique_ptr<Http2Session> session_;
  std::optional<CloseMode> closed_;
  int64_t passed_ms_ = 0;
  bool may_begin_ = true, stopped_ = false, expires_soon_ = false, leaving_ = false;
};

using Step = void (Http2SessionTest::*)();

struct Case {
  const char* name;
  Step state;
  Step event;
  std::optional<CloseMode> closed;  // nullopt: the connection continues
  std::string sent;                 // after the event
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class Http2SessionTableTest : public Http2SessionTest, public testing::WithParamInterface<Case> {
 public:
  // The steps are protected members of the fixture, which only a derived class may name.
  static std::vector<Case> Cases() {
    using T = Http2SessionTableTest;
    using M = CloseMode;
    constexpr auto on = std::nullopt;
    const std::string late =
        "H1:408,content-type=text/plain; charset=utf-8,content-length=46 GOAWAY:1:NO_ERROR "
        "D1:46bytes+ R1:NO_ERROR";
    const std::string draining =
        "H1:503,content-type=text/plain; charset=utf-8,content-length=39,"
        "retry-after=1 "
        "D1:mantlet: The service is shutting down.\n+ R1:NO_ERROR";
    const std::string bye = "GOAWAY:0:NO_ERROR", bye_1 = "GOAWAY:1:NO_ERROR";
    const std::string notice = "GOAWAY:all:NO_ERROR";
    return {
        {"FreshEnd", &T::Fresh, &T::End, M::kClose, ""},
        {"FreshLost", &T::Fresh, &T::Lost, M::kClosed, ""},
        {"FreshTime", &T::Fresh, &T::HeadTime, M::kLinger, bye},
        {"FreshDrain", &T::Fresh, &T::Drain, on, notice},
        {"FreshStopAfterCurrent", &T::Fresh, &T::StopAfterCurrent, M::kLinger, bye},
        {"FreshStopNow", &T::Fresh, &T::StopNow, M::kLinger, bye},
        {"FreshGarbage", &T::Fresh, &T::Garbage, M::kLinger, "GOAWAY:0:PROTOCOL_ERROR"},

        {"InPrefaceEnd", &T::InPreface, &T::End, M::kClose, ""},
        {"InPrefaceTime", &T::InPreface, &T::HeadTime, M::kLinger, bye},

        {"OpenedEnd", &T::Opened, &T::End, M::kClose, ""},
        {"OpenedLost", &T::Opened, &T::Lost, M::kClosed, ""},
        {"OpenedTime", &T::Opened, &T::HeadTime, M::kLinger, bye},
        {"OpenedDrain", &T::Opened, &T::Drain, on, notice},
        {"OpenedViolation", &T::Opened, &T::Violation, M::kLinger, "GOAWAY:0:PROTOCOL_ERROR"},
        {"OpenedClientLeaves", &T::Opened, &T::ClientLeaves, M::kLinger, ""},

        {"AnsweredEnd", &T::Answered, &T::End, M::kClose, ""},
        {"AnsweredHeadTime", &T::Answered, &T::HeadTime, on, ""},
        {"AnsweredIdleTime", &T::Answered, &T::IdleTime, M::kLinger, bye_1},
        {"AnsweredDrain", &T::Answered, &T::Drain, on, notice},
        {"AnsweredStopAfterCurrent", &T::Answered, &T::StopAfterCurrent, M::kLinger, bye_1},
        {"AnsweredStopNow", &T::Answered, &T::StopNow, M::kLinger, bye_1},
        {"AnsweredReset", &T::Answered, &T::ClientResets, on, ""},

        {"InHeadEnd", &T::InHead, &T::End, M::kClose, ""},
        {"InHeadTime", &T::InHead, &T::HeadTime, M::kLinger, late},
        {"InHeadBlockTime", &T::InHeadBlock, &T::HeadTime, M::kLinger, late},
        {"InHeadBlockLost", &T::InHeadBlock, &T::Lost, M::kClosed, ""},
        {"InHeadBlockStopNow", &T::InHeadBlock, &T::StopNow, M::kLinger, bye_1 + " " + draining},

        {"InBodyEnd", &T::InBody, &T::End, M::kClose, ""},
        {"InBodyLost", &T::InBody, &T::Lost, M::kClosed, ""},
        {"InBodyReset", &T::InBody, &T::ClientResets, on, ""},
        {"InBodyDrain", &T::InBody, &T::Drain, on, notice},
        {"InBodyStopAfterCurrent", &T::InBody, &T::StopAfterCurrent, on, bye_1},
        {"InBodyStopNow", &T::InBody, &T::StopNow, M::kLinger, bye_1 + " R1:INTERNAL_ERROR"},
        {"InBodyViolation", &T::InBody, &T::Violation, M::kLinger, "GOAWAY:1:PROTOCOL_ERROR"},
        {"InBodyUpstreamDies", &T::InBody, &T::UpstreamDies, on,
         "H1:502,content-type=text/plain; charset=utf-8,content-length=47 D1:47bytes+ R1:NO_ERROR"},

        {"WaitingEnd", &T::Waiting, &T::End, M::kClose, ""},
        {"WaitingLost", &T::Waiting, &T::Lost, M::kClosed, ""},
        {"WaitingReset", &T::Waiting, &T::ClientResets, on, ""},
        {"WaitingDrain", &T::Waiting, &T::Drain, on, notice},
        {"WaitingStopAfterCurrent", &T::Waiting, &T::StopAfterCurrent, on, bye_1},
        {"WaitingStopNow", &T::Waiting, &T::StopNow, M::kLinger, bye_1 + " R1:INTERNAL_ERROR"},
        {"WaitingIdleTime", &T::Waiting, &T::HeadTime, on, ""},
        {"WaitingClientLeaves", &T::Waiting, &T::ClientLeaves, on, ""},

        {"RespondingReset", &T::Responding, &T::ClientResets, on, ""},
        {"RespondingStopNow", &T::Responding, &T::StopNow, M::kLinger,
         bye_1 + " R1:INTERNAL_ERROR"},
        {"RespondingUpstreamDies", &T::Responding, &T::UpstreamDies, on, "R1:INTERNAL_ERROR"},
        {"RespondingUpstreamSilent", &T::Responding, &T::Minute, on, "R1:INTERNAL_ERROR"},

        {"WithoutWindowTime", &T::WithoutWindow, &T::Minute, on, "R1:CANCEL"},
        {"WithoutWindowReset", &T::WithoutWindow, &T::ClientResets, on, ""},
        {"WithoutWindowDrain", &T::WithoutWindow, &T::Drain, on, notice},
    };
  }
};

TEST_P(Http2SessionTableTest, EndsAsItShould) {
  const Case& c = GetParam();
  (this->*c.state)();
  ASSERT_FALSE(closed_.has_value());
  (this->*c.event)();
  io::RunReady(loop_);
  EXPECT_EQ(closed_, c.closed);
  EXPECT_EQ(Sent(), c.sent);
}

INSTANTIATE_TEST_SUITE_P(StateAndEvent, Http2SessionTableTest,
                         testing::ValuesIn(Http2SessionTableTest::Cases()),
                         [](const auto& info) { return std::string(info.param.name); });

// ---- requests beside each other

TEST_F(Http2SessionTest, RequestsAreForwardedAndAnsweredInAnyOrder) {
  Open();
  Client(Get(1) + Headers(3, Request("GET", "/three")) + Get(5));
  ASSERT_EQ(connector_.wires.size(), 3u);
  EXPECT_EQ(session_->streams(), 3u);
  EXPECT_NE(Upstream(1).sent.find("GET /three HTTP/1.1\r\n"), std::string::npos);
  Answer(2);
  EXPECT_EQ(Sent(), "H5:200,content-length=2 D5:ok+");
  Answer(0);
  EXPECT_EQ(Sent(), "H1:200,content-length=2 D1:ok+");
  Answer(1);
  EXPECT_EQ(Sent(), "H3:200,content-length=2 D3:ok+");
  EXPECT_EQ(session_->activity(), Activity::kIdle);
  EXPECT_EQ(session_->requests(), 3u);
  EXPECT_TRUE(Counted("code=\"200\"} 3"));
}

TEST_F(Http2SessionTest, ContentAndTrailersGoBothWays) {
  Open();
  Client(Post(1) + Data(1, "abc"));
  Client(Data(1, "def"));
  EXPECT_TRUE(Upstream(0).sent.ends_with("3\r\nabc\r\n3\r\ndef\r\n")) << Upstream(0).sent;
  Client(Headers(1, {{"x-sum", "1"}, {"x-forwarded-client-cert", "forged"}}));
  EXPECT_TRUE(Upstream(0).sent.ends_with("0\r\nx-sum: 1\r\n\r\n")) << Upstream(0).sent;
  Answer(0,
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-End: "
         "1\r\ngrpc-status: 0\r\nContent-Type: a/b\r\n\r\n");
  EXPECT_EQ(Sent(), "H1:200 D1:ok H1:,x-end=1,grpc-status=0+");
}

// Many streams begin and end in one turn of the loop: more than malloc keeps for reuse.
TEST_F(Http2SessionTest, StreamsUseTheMemoryOfThoseBeforeThem) {
  Open();
  std::vector<size_t> kept;
  for (uint32_t round = 0; round < 3; ++round) {
    std::string requests;
    for (uint32_t i = 0; i < 40; ++i) requests += Get(2 * (40 * round + i) + 1);
    Client(requests);
    for (size_t i = 0; i < connector_.wires.size(); ++i) Answer(i);
    Sent();
    kept.push_back(loop_.blocks().kept());
  }
  EXPECT_EQ(session_->requests(), 120u);
  EXPECT_EQ(kept[1], kept[2]);
#ifndef __SANITIZE_ADDRESS__
  EXPECT_GT(kept[1], 40u * 1024);
#endif
}

TEST_F(Http2SessionTest, TrailersOfARequestAreNotSentBackWithAResponseThatCameFirst) {
  Open();
  Client(Post(1));
  Answer(0, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n");
  EXPECT_EQ(Sent(), "H1:200 D1:ok");
  Client(Headers(1, {{"x-sum", "1"}}));
  EXPECT_TRUE(Upstream(0).sent.ends_with("0\r\nx-sum: 1\r\n\r\n")) << Upstream(0).sent;
  Answer(0, "0\r\nX-End: 1\r\n\r\n");
  EXPECT_EQ(Sent(), "H1:,x-end=1+");
}

TEST_F(Http2SessionTest, AResetOfTheClientClosesTheConnectionToTheUpstream) {
  Open();
  Client(Get(1) + Get(3));
  Client(RstStream(1, kCancel));
  EXPECT_TRUE(Upstream(0).destroyed);
  EXPECT_FALSE(Upstream(1).destroyed) << "that of the other stream";
  Answer(1);
  EXPECT_EQ(Sent(), "H3:200,content-length=2 D3:ok+");
}

TEST_F(Http2SessionTest, ARequestThatWasResetInTheSameReadReachesNoUpstream) {
  Open();
  Client(Get(1) + RstStream(1, kCancel));
  EXPECT_TRUE(connector_.wires.empty());
  EXPECT_EQ(session_->activity(), Activity::kIdle);
}

TEST_F(Http2SessionTest, NoMoreRequestsReachTheUpstreamThanStreamsAreAllowed) {
  listener_.config.limits.streams = 3;
  Open();
  Client(Get(1) + Get(3) + Get(5));
  EXPECT_EQ(connector_.wires.size(), 3u);
  EXPECT_EQ(Sent(), "");
  Client(Get(7));
  EXPECT_EQ(connector_.wires.size(), 3u);
  EXPECT_EQ(closed_, CloseMode::kLinger) << "the client knows the limit";
}

TEST_F(Http2SessionTest, ARequestThatCannotBeForwardedIsAnsweredAndRecorded) {
  Open();
  Client(Headers(1, Request("GET", "/", {{"host", "b"}})) + Get(3));
  ASSERT_EQ(connector_.wires.size(), 1u);
  EXPECT_TRUE(Sent().starts_with("H1:400,"));
  EXPECT_TRUE(Counted("code=\"400\"} 1"));
  Answer(0);
  EXPECT_EQ(session_->requests(), 2u);
}

TEST_F(Http2SessionTest, ContentOverItsLimitIsRefusedAndItsUpstreamGivenUp) {
  listener_.config.limits.body_bytes = 5;
  Open();
  Client(Post(1));
  Client(Data(1, "123456"));
  EXPECT_TRUE(Sent().starts_with("H1:413,"));
  EXPECT_TRUE(Upstream(0).destroyed);
  Client(Get(3));
  EXPECT_EQ(connector_.wires.size(), 2u) << "the connection continues";
}

TEST_F(Http2SessionTest, AResponseThatIsCutIsNeverShort) {
  Responding();
  Upstream(0).ArriveEnd();
  io::RunReady(loop_);
  EXPECT_EQ(Sent(), "R1:INTERNAL_ERROR");
  EXPECT_FALSE(closed_);
}

TEST_F(Http2SessionTest, AnUpstreamThatDoesNotTakeContentStopsItsStreamOnly) {
  Open();
  Client(Post(1) + Post(3));
  Upstream(0).room = 0;
  uint32_t sent = 0;
  std::string words;
  // Until the client's window is closed.
  while (sent < 10 * 1024 * 1024 && words.find("R1:") == words.npos) {
    Client(Data(1, std::string(8192, 'x')));
    sent += 8192;
    words = Sent();
  }
  EXPECT_EQ(words, "R1:FLOW_CONTROL_ERROR") << "the client ignores its window";
  EXPECT_LE(sent, 1024u * 1024) << "what one stream makes us hold";
  Client(Data(3, "abc", kEndStream));
  Answer(1);
  EXPECT_EQ(Sent(), "H3:200,content-length=2 D3:ok+");
}

TEST_F(Http2SessionTest, AClientIsNotBlamedForAnUpstreamThatTakesNoContent) {
  target_->config.timeouts.write = config::Milliseconds(200'000);
  Open();
  Client(Post(1));
  Upstream(0).room = 0;
  for (int i = 0; i < 12; ++i) Client(Data(1, std::string(8000, 'x')));
  Pass(100'000);
  EXPECT_EQ(Sent().find("H1:408"), std::string::npos);
}

TEST_F(Http2SessionTest, AnUpstreamHasItsOwnTimeToAcceptATunnel) {
  target_->config.timeouts.response_head = std::chrono::minutes(5);
  Open();
  Client(Headers(1, Request("CONNECT", "/chat", {{":protocol", "websocket"}}), kEndHeaders));
  ASSERT_EQ(connector_.wires.size(), 1u);
  Pass(60'000);
  Answer(0,
         "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_EQ(Sent(), "H1:200");
}

TEST_F(Http2SessionTest, ATunnelThatThePolicyComesToDenyHasTheTimeOfADrain) {
  OpenTunnel();
  const auto denying = Denying(config::OnInvalid::kDrain);
  EXPECT_FALSE(session_->Recheck(*denying)) << "the connection is not to end";
  io::RunReady(loop_);
  EXPECT_EQ(Sent(), "");
  Client(Data(1, "abc", 0));
  EXPECT_TRUE(Upstream(0).sent.ends_with("abc")) << "it goes on";
  Pass(worker_.drain_ms / 2);
  session_->Recheck(*denying);
  EXPECT_TRUE(Upstream(0).open);
  Pass(worker_.drain_ms / 2);
  EXPECT_FALSE(Upstream(0).open) << "another reload has not given it more time";
  EXPECT_EQ(Sent(), "R1:CANCEL");
  EXPECT_FALSE(closed_);
  EXPECT_EQ(session_->streams(), 0u);
}

TEST_F(Http2SessionTest, ATunnelThatThePolicyComesToDenyEndsAtOnceIfSoConfigured) {
  OpenTunnel();
  session_->Recheck(*Denying(config::OnInvalid::kClose));
  io::RunReady(loop_);
  EXPECT_FALSE(Upstream(0).open);
  EXPECT_EQ(Sent(), "R1:CANCEL");
  EXPECT_FALSE(closed_);
}

TEST_F(Http2SessionTest, ATunnelThatEndsInTheTimeOfADrainLeavesNothingBehind) {
  OpenTunnel();
  session_->Recheck(*Denying(config::OnInvalid::kDrain));
  Client(RstStream(1, kCancel));
  EXPECT_FALSE(Upstream(0).open);
  EXPECT_EQ(session_->streams(), 0u);
  Pass(worker_.drain_ms);
  Client(Get(3));
  EXPECT_EQ(connector_.wires.size(), 2u);
}

TEST_F(Http2SessionTest, ATunnelHasOneKey) {
  Open();
  Fields fields = Request("CONNECT", "/chat", {{":protocol", "websocket"}});
  fields.emplace_back("sec-websocket-key", "the client's");
  Client(Headers(1, fields, kEndHeaders));
  const std::string& sent = Upstream(0).sent;
  EXPECT_EQ(sent.find("sec-websocket-key"), sent.rfind("sec-websocket-key")) << sent;
}

TEST_F(Http2SessionTest, ARequestWhoseContentDoesNotComeIsGivenUp) {
  InBody();
  Pass(60'000);
  EXPECT_TRUE(Sent().starts_with("H1:408,"));
  EXPECT_TRUE(Upstream(0).destroyed);
  EXPECT_FALSE(closed_);
}

TEST_F(Http2SessionTest, AStreamWhoseClientDoesNotReadStopsItsUpstreamOnly) {
  Start();
  Client(std::string(kPreface) + Setting(4, 10) + Get(1) + Get(3));
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n";
  Upstream(0).Arrive(head + std::string(1'000'000, 'x'));
  io::RunReady(loop_);
  EXPECT_FALSE(Upstream(0).reading);
  EXPECT_LE(1'000'000 - Upstream(0).inbox.size(), 200'000u) << "what one stream makes us hold";
  Answer(1);
  EXPECT_TRUE(Sent().ends_with("D1:xxxxxxxxxx H3:200,content-length=2 D3:ok+"));
  Client(WindowUpdate(1, 500'000) + WindowUpdate(0, 500'000));
  for (int i = 0; i < 100; ++i) {
    io::RunReady(loop_);
    Upstream(0).Deliver();
  }
  EXPECT_TRUE(log_.Take(wire_->sent).find("D1:") != std::string::npos);
  EXPECT_EQ(log_.content[1].size(), 500'010u);
}

TEST_F(Http2SessionTest, AClientThatTakesNothingIsCutOff) {
  Start();
  Client(std::string(kPreface) + Setting(4, 0x7fffffff) + WindowUpdate(0, 0x7fff0000) + Get(1) +
         Get(3));
  wire_->room = 0;
  Answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'x'));
  Answer(1);
  ASSERT_FALSE(closed_);
  for (int i = 0; i < 3 && !closed_; ++i) Pass(60'000);
  EXPECT_EQ(closed_, CloseMode::kAbort);
}

// Of the bytes of a minute at limits.min_response_rate, 14,400.
constexpr size_t kEnough = 15'000;
constexpr size_t kTooFew = 14'000;

TEST_F(Http2SessionTest, AClientThatTakesALittleIsNotCutOff) {
  Start();
  Client(std::string(kPreface) + Setting(4, 0x7fffffff) + WindowUpdate(0, 0x7fff0000) + Get(1));
  wire_->room = 0;
  Answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'x'));
  for (int i = 0; i < 4; ++i) {
    wire_->Take(kEnough);
    Pass(60'000);
    ASSERT_FALSE(closed_) << i;
  }
}

TEST_F(Http2SessionTest, AClientThatTakesTooLittleIsCutOff) {
  Start();
  Client(std::string(kPreface) + Setting(4, 0x7fffffff) + WindowUpdate(0, 0x7fff0000) + Get(1));
  wire_->room = 0;
  Answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'x'));
  wire_->Take(kTooFew);
  Pass(60'000);
  EXPECT_EQ(closed_, CloseMode::kAbort);
}

TEST_F(Http2SessionTest, AStreamThatIsReadSlowlyIsNotCutOffForWhatOthersWrite) {
  const std::string large =
      "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'x');
  Start();
  Client(std::string(kPreface) + Setting(4, 1000) + WindowUpdate(0, 0x7fff0000) + Get(1));
  Answer(0, large);
  Client(WindowUpdate(1, kEnough) + Get(3) + WindowUpdate(3, 0x7fff0000));
  wire_->room = 0;
  Answer(1, large);
  wire_->Take(kEnough);
  Pass(60'000);
  EXPECT_TRUE(Upstream(0).open);
  EXPECT_FALSE(closed_);
  wire_->Take(kEnough);
  Pass(60'000);
  EXPECT_FALSE(Upstream(0).open) << "nothing in the second minute";
}

// ---- the end of a connection

TEST_F(Http2SessionTest, TheLastRequestOfAConnectionIsAnnounced) {
  listener_.config.limits.requests_per_connection = 2;
  Open();
  Client(Get(1));
  Answer(0);
  EXPECT_EQ(Sent(), "H1:200,content-length=2 D1:ok+");
  Client(Get(3));
  EXPECT_EQ(Sent(), "GOAWAY:3:NO_ERROR");
  Client(Get(5));
  EXPECT_FALSE(closed_);
  Answer(0);
  EXPECT_EQ(Sent(), "H3:200,content-length=2 D3:ok+");
  EXPECT_EQ(closed_, CloseMode::kLinger);
  EXPECT_EQ(session_->requests(), 2u);
}

TEST_F(Http2SessionTest, RequestsThatAreReadTogetherWithTheLastOneDoNotBegin) {
  listener_.config.limits.requests_per_connection = 2;
  Open();
  Client(Get(1) + Get(3) + Get(5) + Get(7));
  EXPECT_EQ(connector_.wires.size(), 2u);
  EXPECT_EQ(session_->requests(), 2u);
  const std::string sent = Sent();
  EXPECT_NE(sent.find("GOAWAY:7:NO_ERROR"), std::string::npos) << sent;
  EXPECT_NE(sent.find("R5:REFUSED_STREAM R7:REFUSED_STREAM"), std::string::npos) << sent;
  EXPECT_TRUE(
      Counted("mantlet_http2_streams_refused_total{listener=\"public\",reason=\"draining\"} 2"));
  Answer(0);
  EXPECT_FALSE(closed_);
  Answer(1);
  EXPECT_EQ(Sent(), "H1:200,content-length=2 D1:ok+ H3:200,content-length=2 D3:ok+");
  EXPECT_EQ(closed_, CloseMode::kLinger);
}

TEST_F(Http2SessionTest, AClientThatTakesNothingAtTheMomentLearnsWhyItsConnectionEnds) {
  Start();
  Client(std::string(kPreface) + Setting(4, 0x7fffffff) + WindowUpdate(0, 0x7fff0000) + Get(1));
  wire_->room = 0;
  Answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'x'));
  for (uint32_t id = 3; id < 1000 && !closed_; id += 2) Client(Get(id) + RstStream(id, kCancel));
  EXPECT_EQ(closed_, CloseMode::kLinger);
  EXPECT_LT(wire_->pending.size(), 100'000u) << "content is not written to a client that is full";
  wire_->Take(SIZE_MAX);
  const std::string sent = Sent();
  EXPECT_TRUE(sent.ends_with(":ENHANCE_YOUR_CALM")) << sent;
}

TEST_F(Http2SessionTest, AClientThatReadsItsResponseLateIsToldOfTheDrain) {
  Start();
  Client(std::string(kPreface) + Setting(4, 0x7fffffff) + WindowUpdate(0, 0x7fff0000) + Get(1));
  wire_->room = 0;
  Answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n" + std::string(65'536, 'x'));
  ASSERT_EQ(session_->streams(), 0u);
  Drain();
  io::RunReady(loop_);
  Pass(kIdleGraceMs);
  EXPECT_EQ(closed_, CloseMode::kLinger);
  wire_->Take(SIZE_MAX);
  EXPECT_TRUE(Sent().ends_with("GOAWAY:all:NO_ERROR GOAWAY:1:NO_ERROR"));
}

TEST_F(Http2SessionTest, AClientThatIsValidatedSoonIsToldThatItsRequestIsTheLast) {
  expires_soon_ = true;
  Waiting();
  EXPECT_EQ(Sent(), "GOAWAY:1:NO_ERROR");
  Answer(0);
  EXPECT_EQ(closed_, CloseMode::kLinger);
}

TEST_F(Http2SessionTest, ADrainLosesNoStreamThatIsOnItsWay) {
  Waiting();
  Drain();
  io::RunReady(loop_);
  EXPECT_EQ(Sent(), "GOAWAY:all:NO_ERROR");
  Client(Get(3));
  ASSERT_EQ(connector_.wires.size(), 2u);
  Pass(kIdleGraceMs);
  EXPECT_EQ(Sent(), "GOAWAY:3:NO_ERROR");
  Client(Get(5));
  EXPECT_EQ(connector_.wires.size(), 2u) << "too late";
  Answer(0);
  EXPECT_FALSE(closed_);
  Answer(1);
  EXPECT_EQ(closed_, CloseMode::kLinger);
  EXPECT_EQ(Sent(), "H1:200,content-length=2 D1:ok+ H3:200,content-length=2 D3:ok+");
}

TEST_F(Http2SessionTest, AClientThatGoesOnOpeningStreamsDoesNotDelayTheEndOfItsConnection) {
  Waiting();
  Drain();
  io::RunReady(loop_);
  EXPECT_EQ(Sent(), "GOAWAY:all:NO_ERROR");
  Answer(0);
  Pass(kIdleGraceMs / 2);
  Client(Get(3));
  Answer(0);
  Client(Get(5).substr(0, 15));
  EXPECT_EQ(Sent(), "H1:200,content-length=2 D1:ok+ H3:200,content-length=2 D3:ok+");
  Pass(kIdleGraceMs / 2);
  EXPECT_EQ(Sent(), "GOAWAY:5:NO_ERROR") << "stream 5 has begun";
}

TEST_F(Http2SessionTest, ARequestBehindAGoawayThatTheClientHasNotReadReachesNoUpstream) {
  listener_.config.limits.requests_per_connection = 2;
  Start();
  Client(std::string(kPreface) + Setting(4, 0x7fffffff) + WindowUpdate(0, 0x7fff0000) + Get(1));
  wire_->room = 0;
  Answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'x'));
  Client(Get(3));
  ASSERT_EQ(connector_.wires.size(), 2u);
  Client(Get(5));
  EXPECT_EQ(connector_.wires.size(), 2u);
  EXPECT_EQ(session_->requests(), 2u);
  for (int i = 0; i < 100; ++i) {
    wire_->Take(10'000);
    if (wire_->pending.empty()) session_->OnDrained();
    io::RunReady(loop_);
  }
  const std::string sent = Sent();
  EXPECT_NE(sent.find("GOAWAY:3:NO_ERROR"), std::string::npos) << sent;
}

TEST_F(Http2SessionTest, AnIdleConnectionIsReadForAMomentBeforeADrainEndsIt) {
  Answered();
  Drain();
  io::RunReady(loop_);
  EXPECT_FALSE(closed_);
  Pass(kIdleGraceMs);
  EXPECT_EQ(closed_, CloseMode::kLinger);
}

TEST_F(Http2SessionTest, NoRequestBeginsForAClientThatIsNoLongerAcceptable) {
  Waiting();
  may_begin_ = false;
  Client(Get(3) + Headers(5, Request("GET", "/", {{"host", "b"}})));
  EXPECT_EQ(connector_.wires.size(), 1u);
  const std::string words = Sent();
  EXPECT_NE(words.find("GOAWAY:"), words.npos) << words;
  EXPECT_EQ(words.find("H"), words.npos) << words;
  Client(Get(7));
  EXPECT_EQ(connector_.wires.size(), 1u);
  EXPECT_FALSE(closed_) << "what is in flight goes on";
  Answer(0);
  EXPECT_EQ(Sent(), "H1:200,content-length=2 D1:ok+");
  EXPECT_EQ(closed_, CloseMode::kLinger);
}

TEST_F(Http2SessionTest, WhatAnUnacceptableClientHasInFlightIsReadToItsEnd) {
  Open();
  Client(Post(1) + Data(1, "abc"));
  may_begin_ = false;
  Client(Data(1, "def", kEndStream));
  EXPECT_TRUE(Upstream(0).sent.ends_with("3\r\ndef\r\n0\r\n\r\n")) << Upstream(0).sent;
  Answer(0);
  EXPECT_EQ(Sent(), "GOAWAY:1:NO_ERROR H1:200,content-length=2 D1:ok+");
}

TEST_F(Http2SessionTest, ConnectionsEndedByTheirClientsFramesAreCountedWithTheirReason) {
  Open();
  for (uint32_t id = 1; id < 1000 && !closed_; id += 2) Client(Get(id) + RstStream(id, kCancel));
  EXPECT_EQ(closed_, CloseMode::kLinger);
  EXPECT_TRUE(connector_.wires.empty()) << "none of them has cost the upstream anything";
  EXPECT_TRUE(Sent().ends_with("ENHANCE_YOUR_CALM"));
  EXPECT_TRUE(Counted("reason=\"rapid_reset\"} 1"));
}

TEST_F(Http2SessionTest, AFloodOfAClientThatTakesNothingEndsItsConnection) {
  Open();
  Client(Get(1));
  wire_->room = 0;
  for (int i = 0; i < 5000 && !closed_; ++i) session_->OnBytes(Ping());
  io::RunReady(loop_);
  EXPECT_EQ(closed_, CloseMode::kLinger);
  EXPECT_TRUE(Upstream(0).destroyed);
}

}  // namespace
}  // namespace mantlet::session
