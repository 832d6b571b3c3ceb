#include "proxy/observe/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "test/proxy/observe/sample_metrics.h"

namespace mantlet::observe {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class MetricsTest : public testing::Test {
 protected:
  std::vector<std::string> Scrape() const { return Lines(metrics_.Render()); }
  void SetExpiries(Expiries expiries) {
    metrics_.SetExpiries(std::make_shared<const Expiries>(std::move(expiries)));
  }

  Metrics metrics_{{{"version", "0.1.0"}, {"commit", "abc1234"}}};
  MetricsShard& shard_ = metrics_.AddShard();
};

TEST_F(MetricsTest, SumsTheCountsOfTheWorkers) {
  MetricsShard& other = metrics_.AddShard();
  shard_.Listener("public").ConnectionOpened();
  shard_.Listener("public").ConnectionOpened();
  shard_.Listener("public").ConnectionClosed();
  other.Listener("public").ConnectionOpened();
  other.Listener("internal").ConnectionOpened();
  EXPECT_THAT(Scrape(), Contains(R"(mantlet_connections_total{listener="public"} 3)"));
  EXPECT_THAT(Scrape(), Contains(R"(mantlet_connections_active{listener="public"} 2)"));
  EXPECT_THAT(Scrape(), Contains(R"(mantlet_connections_total{listener="internal"} 1)"));
}

TEST_F(MetricsTest, AHandleIsTheSameForTheSameNames) {
  EXPECT_EQ(&shard_.Listener("a"), &shard_.Listener("a"));
  EXPECT_NE(&shard_.Listener("a"), &shard_.Listener("b"));
  EXPECT_EQ(&shard_.Upstream("a"), &shard_.Upstream("a"));
  EXPECT_EQ(&shard_.Requests("a", "b"), &shard_.Requests("a", "b"));
  EXPECT_NE(&shard_.Requests("a", "b"), &shard_.Requests("b", "a"));
  EXPECT_EQ(&shard_.Listener("a").PolicyDenials("r"), &shard_.Listener("a").PolicyDenials("r"));
}

TEST_F(MetricsTest, ANewListenerBeginsWithZeros) {
  shard_.Listener("public");
  const auto lines = Scrape();
  EXPECT_THAT(lines, Contains(R"(mantlet_connections_total{listener="public"} 0)"));
  for (const std::string_view reason : base::kHandshakeFailureLabels) {
    EXPECT_THAT(lines,
                Contains("mantlet_tls_handshake_failures_total{listener=\"public\",reason=\"" +
                         std::string(reason) + "\"} 0"));
  }
  EXPECT_THAT(
      lines,
      Contains(
          R"(mantlet_tls_handshakes_total{listener="public",version="TLSv1.2",resumed="true",client_cert="false"} 0)"));
}

TEST_F(MetricsTest, HandshakesAreCountedByVersionResumptionAndCertificate) {
  ListenerMetrics& listener = shard_.Listener("public");
  listener.HandshakeDone(TlsVersionLabel::kTls13, false, true, 1000);
  listener.HandshakeDone(TlsVersionLabel::kTls13, false, true, 1000);
  listener.HandshakeDone(TlsVersionLabel::kTls12, true, false, 1000);
  const auto lines = Scrape();
  EXPECT_THAT(
      lines,
      Contains(
          R"(mantlet_tls_handshakes_total{listener="public",version="TLSv1.3",resumed="false",client_cert="true"} 2)"));
  EXPECT_THAT(
      lines,
      Contains(
          R"(mantlet_tls_handshakes_total{listener="public",version="TLSv1.2",resumed="true",client_cert="false"} 1)"));
}

TEST_F(MetricsTest, AHandshakeFailureCountsUnderItsReasonAlone) {
  shard_.Listener("public").HandshakeFailed(base::HandshakeFailure::kPeerAlert);
  const auto lines = Scrape();
  EXPECT_THAT(
      lines,
      Contains(R"(mantlet_tls_handshake_failures_total{listener="public",reason="peer_alert"} 1)"));
  EXPECT_THAT(
      lines,
      Contains(R"(mantlet_tls_handshake_failures_total{listener="public",reason="other"} 0)"));
}

TEST_F(MetricsTest, StreamsOfHttp2AreAddedUpAndRefusalsCountUnderTheirReason) {
  MetricsShard& other = metrics_.AddShard();
  for (ListenerMetrics* listener : {&shard_.Listener("public"), &other.Listener("public")}) {
    listener->StreamOpened();
    listener->StreamOpened();
    listener->StreamClosed();
    listener->StreamRefused(StreamRefusal::kDraining);
    listener->Http2ConnectionClosed(Http2CloseReason::kProtocolError);
  }
  const auto lines = Scrape();
  EXPECT_THAT(lines, Contains(R"(mantlet_http2_streams_active{listener="public"} 2)"));
  for (const char* line :
       {R"(streams_refused_total{listener="public",reason="stream_limit"} 0)",
        R"(streams_refused_total{listener="public",reason="draining"} 2)",
        R"(streams_refused_total{listener="public",reason="stream_limit"} 0)",
        R"(connections_closed_total{listener="public",reason="protocol_error"} 2)",
        R"(connections_closed_total{listener="public",reason="rapid_reset"} 0)"}) {
    EXPECT_THAT(lines, Contains(std::string("mantlet_http2_") + line));
  }
}

TEST_F(MetricsTest, ConnectionsAreCountedByProtocol) {
  shard_.Listener("public").ProtocolChosen(ClientProtocol::kHttp1);
  const auto lines = Scrape();
  const std::string name = "mantlet_client_connections_total";
  EXPECT_THAT(lines, Contains(name + R"({listener="public",protocol="h2"} 0)"));
  EXPECT_THAT(lines, Contains(name + R"({listener="public",protocol="http/1.1"} 1)"));
}

TEST_F(MetricsTest, GrpcResponsesAreCountedByNameAndMakeNoSeriesOfTheirOwn) {
  RequestMetrics& requests = shard_.Requests("public", "app");
  for (const int status : {0, 0, 7, 16, -1, 17, 4711}) requests.GrpcResponse(status);
  const auto lines = Scrape();
  const std::string name = R"(mantlet_grpc_responses_total{listener="public",upstream="app",)";
  EXPECT_THAT(lines, Contains(name + R"(grpc_status="OK"} 2)"));
  EXPECT_THAT(lines, Contains(name + R"(grpc_status="PERMISSION_DENIED"} 1)"));
  EXPECT_THAT(lines, Contains(name + R"(grpc_status="UNAUTHENTICATED"} 1)"));
  EXPECT_THAT(lines, Contains(name + R"(grpc_status="UNKNOWN"} 3)"));
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [&](const std::string& line) { return line.starts_with(name); }),
            17);
}

TEST_F(MetricsTest, BucketsAreCumulativeInSecondsAndIncludeTheirBound) {
  ListenerMetrics& listener = shard_.Listener("public");
  for (const int64_t us : {int64_t{-1}, int64_t{100}, int64_t{101}, int64_t{10'000'001}}) {
    listener.HandshakeDone(TlsVersionLabel::kTls13, false, false, us);
  }
  const std::string name = "mantlet_tls_handshake_duration_seconds";
  const auto lines = Scrape();
  EXPECT_THAT(lines, Contains(name + R"(_bucket{listener="public",le="0.0001"} 2)"));
  EXPECT_THAT(lines, Contains(name + R"(_bucket{listener="public",le="0.00025"} 3)"));
  EXPECT_THAT(lines, Contains(name + R"(_bucket{listener="public",le="10"} 3)"));
  EXPECT_THAT(lines, Contains(name + R"(_bucket{listener="public",le="+Inf"} 4)"));
  EXPECT_THAT(lines, Contains(name + R"(_count{listener="public"} 4)"));
  EXPECT_THAT(lines, Contains(name + R"(_sum{listener="public"} 10.000202)"));
}

TEST_F(MetricsTest, RequestsAreCountedByMethodAndCode) {
  RequestMetrics& requests = shard_.Requests("public", "app");
  requests.Record("GET", 200, 1000, 0, 10);
  requests.Record("GET", 200, 1000, 0, 10);
  requests.Record("POST", 503, 1000, 5, 3);
  const auto lines = Scrape();
  const std::string name = R"(mantlet_requests_total{listener="public",upstream="app",)";
  EXPECT_THAT(lines, Contains(name + R"(method="GET",code="200"} 2)"));
  EXPECT_THAT(lines, Contains(name + R"(method="POST",code="503"} 1)"));
  EXPECT_THAT(lines,
              Contains(R"(mantlet_request_bytes_total{listener="public",upstream="app"} 5)"));
  EXPECT_THAT(lines,
              Contains(R"(mantlet_response_bytes_total{listener="public",upstream="app"} 23)"));
  EXPECT_THAT(
      lines,
      Contains(R"(mantlet_request_duration_seconds_count{listener="public",upstream="app"} 3)"));
}

TEST_F(MetricsTest, TheNumberOfSeriesIsBounded) {
  RequestMetrics& requests = shard_.Requests("public", "app");
  for (int i = 0; i < 1000; ++i) requests.Record("M" + std::to_string(i), i + 600, 1, 0, 0);
  requests.Record("get", 99, 1, 0, 0);  // methods are case-sensitive
  requests.Record("", -1, 1, 0, 0);
  const auto lines = Scrape();
  const std::string name = R"(mantlet_requests_total{listener="public",upstream="app",)";
  EXPECT_THAT(lines, Contains(name + R"(method="other",code="other"} 1002)"));
}

TEST_F(MetricsTest, ARequestWithoutAResponseHasCodeZero) {
  shard_.Requests("public", "app").Record("GET", 0, 1000, 0, 0);
  EXPECT_THAT(
      Scrape(),
      Contains(
          R"(mantlet_requests_total{listener="public",upstream="app",method="GET",code="0"} 1)"));
}

TEST_F(MetricsTest, TheFirstAndLastCodesHaveTheirOwnCells) {
  RequestMetrics& requests = shard_.Requests("public", "app");
  for (const int code : {100, 101, 599}) requests.Record("GET", code, 1, 0, 0);
  const auto lines = Scrape();
  const std::string name =
      R"(mantlet_requests_total{listener="public",upstream="app",method="GET",)";
  for (const char* code : {"100", "101", "599"}) {
    EXPECT_THAT(lines, Contains(name + "code=\"" + code + "\"} 1"));
  }
}

TEST_F(MetricsTest, UpstreamConnectionsMoveBetweenStates) {
  UpstreamMetrics& upstream = shard_.Upstream("app");
  upstream.ConnectionAdded(UpstreamConnectionState::kConnecting);
  upstream.ConnectionMoved(UpstreamConnectionState::kConnecting, UpstreamConnectionState::kActive);
  upstream.ConnectionAdded(UpstreamConnectionState::kConnecting);
  const std::string name = R"(mantlet_upstream_connections{upstream="app",state=)";
  EXPECT_THAT(Scrape(), Contains(name + R"("active"} 1)"));
  EXPECT_THAT(Scrape(), Contains(name + R"("connecting"} 1)"));
  upstream.ConnectionMoved(UpstreamConnectionState::kActive, UpstreamConnectionState::kIdle);
  upstream.ConnectionRemoved(UpstreamConnectionState::kIdle);
  EXPECT_THAT(Scrape(), Contains(name + R"("active"} 0)"));
  EXPECT_THAT(Scrape(), Contains(name + R"("idle"} 0)"));
}

TEST_F(MetricsTest, AGaugeThatOneWorkerRaisedAnotherMayLower) {
  MetricsShard& other = metrics_.AddShard();
  shard_.Listener("public").ConnectionOpened();
  other.Listener("public").ConnectionClosed();
  EXPECT_THAT(Scrape(), Contains(R"(mantlet_connections_active{listener="public"} 0)"));
}

TEST_F(MetricsTest, UpstreamFailuresBeginAtZeroForEveryReasonOfTheirs) {
  shard_.Upstream("app").Failed(base::ErrorReason::kTimeoutHead);
  shard_.Upstream("app").Failed(base::ErrorReason::kClientClosed);  // not a failure of the upstream
  const auto lines = Scrape();
  const std::string name = R"(mantlet_upstream_failures_total{upstream="app",reason=)";
  EXPECT_THAT(lines, Contains(name + R"("timeout_head"} 1)"));
  EXPECT_THAT(lines, Contains(name + R"("connect_refused"} 0)"));
  EXPECT_THAT(lines, Contains(name + R"("pool_exhausted"} 0)"));
  EXPECT_THAT(metrics_.Render(), Not(HasSubstr("client_closed")));
}

TEST_F(MetricsTest, ShowsForHowLongTheFilesHaveBeenRead) {
  const std::string none = "mantlet_reload_in_progress_seconds 0";
  EXPECT_THAT(Scrape(), Contains(none));
  metrics_.SetReloadInProgress(true);
  EXPECT_THAT(Scrape(), Not(Contains(none)));
  metrics_.SetReloadInProgress(false);
  EXPECT_THAT(Scrape(), Contains(none));
}

TEST_F(MetricsTest, CountsUpgradesByRoleAndResult) {
  metrics_.UpgradeEnded(Metrics::Upgrade::kNotReplaced);
  metrics_.UpgradeEnded(Metrics::Upgrade::kNotReplaced);
  metrics_.UpgradeEnded(Metrics::Upgrade::kTookOverUnconfirmed);
  const std::string name = "mantlet_upgrades_total{role=";
  EXPECT_THAT(Scrape(), Contains(name + R"("predecessor",result="success"} 0)"));
  EXPECT_THAT(Scrape(), Contains(name + R"("predecessor",result="failure"} 2)"));
  EXPECT_THAT(Scrape(), Contains(name + R"("successor",result="success"} 0)"));
  EXPECT_THAT(Scrape(), Contains(name + R"("successor",result="unconfirmed"} 1)"));
}

TEST_F(MetricsTest, ExpiriesAreReplacedAsAWhole) {
  SetExpiries({.certificates = {{"public", "/old.crt", "CN=old", "01", 1'900'000'000}}});
  EXPECT_THAT(
      Scrape(),
      Contains(
          R"(mantlet_certificate_not_after_timestamp_seconds{listener="public",file="/old.crt",subject="CN=old",serial="01"} 1900000000)"));
  SetExpiries({.crls = {{"public", "/ca.crl", "CN=root", 1'900'000'001}}});
  EXPECT_THAT(metrics_.Render(), Not(HasSubstr("/old.crt")));
  EXPECT_THAT(
      Scrape(),
      Contains(
          R"(mantlet_crl_next_update_timestamp_seconds{listener="public",file="/ca.crl",issuer="CN=root"} 1900000001)"));
}

TEST_F(MetricsTest, AnchorsOfOneNameAreDistinguished) {
  SetExpiries(
      {.trust_anchors = {{"public", "/ca", "CN=root", "0a", "", 1'900'000'005},
                         {"public", "/ca", "CN=root", "0a", "", 1'900'000'003},
                         {"public", "/ca", "CN=root", "0b", "", 1'900'000'004},
                         {"public", "/ca", "CN=root", "0b", "example.org", 1'900'000'004}}});
  std::vector<std::string> found;
  for (const std::string& line : Scrape()) {
    if (line.starts_with("mantlet_trust_anchor")) found.push_back(line);
  }
  EXPECT_EQ(
      found,
      (std::vector<std::string>{
          R"(mantlet_trust_anchor_not_after_timestamp_seconds{listener="public",file="/ca",subject="CN=root",serial="0a",trust_domain=""} 1900000003)",
          R"(mantlet_trust_anchor_not_after_timestamp_seconds{listener="public",file="/ca",subject="CN=root",serial="0b",trust_domain=""} 1900000004)",
          R"(mantlet_trust_anchor_not_after_timestamp_seconds{listener="public",file="/ca",subject="CN=root",serial="0b",trust_domain="example.org"} 1900000004)"}));
}

TEST_F(MetricsTest, ASubjectCannotBreakTheExposition) {
  SetExpiries({.trust_anchors = {{"public", "/ca", "a\"} 1\nforged 1\\\xff", "", "", 1}}});
  EXPECT_THAT(metrics_.Render(), HasSubstr(R"(subject="a\"} 1\nforged 1\\)"
                                           "\xEF\xBF\xBD\",serial=\"\",trust_domain=\"\"} 1\n"));
}

TEST_F(MetricsTest, ExportsReloadsAndDraining) {
  EXPECT_THAT(Scrape(), Contains(R"(mantlet_reloads_total{result="success"} 0)"));
  EXPECT_THAT(Scrape(), Contains("mantlet_draining 0"));
  metrics_.ReloadSucceeded(1'800'000'000);
  metrics_.ReloadFailed();
  metrics_.ReloadFailed();
  metrics_.ReloadPartial();
  metrics_.SetReloadPending(true);
  metrics_.SetListenersPending({{"one", true}, {"two", false}});
  metrics_.SetDraining(true);
  metrics_.SetSandbox({{"landlock", true}, {"seccomp", false}});
  const auto lines = Scrape();
  EXPECT_THAT(lines, Contains(R"(mantlet_reloads_total{result="success"} 1)"));
  EXPECT_THAT(lines, Contains(R"(mantlet_reloads_total{result="failure"} 2)"));
  EXPECT_THAT(lines, Contains("mantlet_reload_last_success_timestamp_seconds 1800000000"));
  EXPECT_THAT(lines, Contains("mantlet_reload_pending 1"));
  EXPECT_THAT(lines, Contains(R"(mantlet_reloads_total{result="partial"} 1)"));
  EXPECT_THAT(lines, Contains(R"(mantlet_listener_reload_pending{listener="one"} 1)"));
  EXPECT_THAT(lines, Contains(R"(mantlet_listener_reload_pending{listener="two"} 0)"));
  EXPECT_THAT(lines, Contains("mantlet_draining 1"));
  EXPECT_THAT(lines, Contains(R"(mantlet_sandbox{mechanism="landlock"} 1)"));
  EXPECT_THAT(lines, Contains(R"(mantlet_sandbox{mechanism="seccomp"} 0)"));
}

TEST_F(MetricsTest, ExportsTheAddressesOfUpstreams) {
  metrics_.SetUpstreamAddresses("app", 2);
  EXPECT_THAT(Scrape(), Contains(R"(mantlet_upstream_resolve_failures_total{upstream="app"} 0)"));
  metrics_.UpstreamResolveFailed("app");
  EXPECT_THAT(Scrape(), Contains(R"(mantlet_upstream_addresses{upstream="app"} 2)"));
  EXPECT_THAT(Scrape(), Contains(R"(mantlet_upstream_resolve_failures_total{upstream="app"} 1)"));
  metrics_.RemoveUpstreamAddresses("app");
  const auto lines = Scrape();
  EXPECT_THAT(lines, testing::Not(Contains(HasSubstr("mantlet_upstream_addresses{"))));
  EXPECT_THAT(lines, Contains(R"(mantlet_upstream_resolve_failures_total{upstream="app"} 1)"));
}

TEST_F(MetricsTest, AsksForDroppedAccessLogLinesAtEachScrape) {
  uint64_t dropped = 0;
  EXPECT_THAT(Scrape(), Contains("mantlet_access_log_dropped_total 0"));
  metrics_.SetAccessLogDropped([&dropped] { return dropped; });
  dropped = 17;
  EXPECT_THAT(Scrape(), Contains("mantlet_access_log_dropped_total 17"));
}

TEST_F(MetricsTest, LimitsAreBesideWhatTheyLimitAndAbsentIfThereAreNone) {
  shard_.Listener("public").ConnectionOpened();
  metrics_.SetLimits({.listeners = {{"public", {.connections = 10, .handshakes = 5}}, {"free", {}}},
                      .upstreams = {{"app", {.connections = 8, .pending = 4}}},
                      .client_fds = 768});
  const auto lines = Lines(metrics_.Render({.handshakes = {{"public", 2}}}));
  EXPECT_THAT(lines, Contains(R"(mantlet_connections_limit{listener="public"} 10)"));
  EXPECT_THAT(lines, Contains(R"(mantlet_tls_handshakes_active{listener="public"} 2)"));
  EXPECT_THAT(lines, Contains(R"(mantlet_tls_handshakes_limit{listener="public"} 5)"));
  EXPECT_THAT(lines, Contains(R"(mantlet_upstream_connections_limit{upstream="app"} 8)"));
  EXPECT_THAT(lines, Contains(R"(mantlet_upstream_requests_waiting_limit{upstream="app"} 4)"));
  EXPECT_THAT(lines, Contains("mantlet_client_fds_limit 768"));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("per_second_limit{"))));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("free"))));
  // A limit that a reload removes is not exported any more.
  metrics_.SetLimits({});
  EXPECT_THAT(metrics_.Render(), Not(HasSubstr("_limit{")));
}

TEST_F(MetricsTest, ReadinessIsThatOfTheScrape) {
  EXPECT_THAT(Scrape(), Contains("mantlet_ready 0"));
  EXPECT_THAT(Lines(metrics_.Render({.ready = true})), Contains("mantlet_ready 1"));
}

TEST_F(MetricsTest, RequestsInFlightAndWaitingAreCountedByTheWorkersTogether) {
  MetricsShard& other = metrics_.AddShard();
  shard_.Requests("public", "app").Began();
  other.Requests("public", "app").Began();
  other.Requests("public", "app").Ended();
  shard_.Upstream("app").Waiting(1);
  other.Upstream("app").Waiting(2);
  EXPECT_THAT(Scrape(), Contains(R"(mantlet_requests_active{listener="public",upstream="app"} 1)"));
  EXPECT_THAT(Scrape(), Contains(R"(mantlet_upstream_requests_waiting{upstream="app"} 3)"));
}

TEST_F(MetricsTest, TheTimeToTheResponseHeadHasTheBucketsOfRequests) {
  shard_.Upstream("app").ResponseBegan(600);
  const std::string name = "mantlet_upstream_response_head_duration_seconds";
  EXPECT_THAT(Scrape(), Contains(name + R"(_bucket{upstream="app",le="0.0005"} 0)"));
  EXPECT_THAT(Scrape(), Contains(name + R"(_bucket{upstream="app",le="0.001"} 1)"));
  EXPECT_THAT(Scrape(), Contains(name + R"(_count{upstream="app"} 1)"));
}

TEST_F(MetricsTest, TheSoonestEndOfTheClientsOfAllWorkersIsExported) {
  constexpr int64_t kNow = 1'800'000'000;
  MetricsShard& other = metrics_.AddShard();
  shard_.Listener("public").ClientVerified("CN=a", kNow + 500, kNow);
  other.Listener("public").ClientVerified("CN=a", kNow + 400, kNow);
  other.Listener("public").ClientVerified("CN=b", kNow + 300, kNow);
  const auto lines = Lines(metrics_.Render({.now = kNow}));
  const std::string name = "mantlet_client_certificate_not_after_timestamp_seconds{listener=";
  EXPECT_THAT(lines, Contains(name + R"("public",issuer="CN=a"} 1800000400)"));
  EXPECT_THAT(lines, Contains(name + R"("public",issuer="CN=b"} 1800000300)"));
}

TEST_F(MetricsTest, ATracedRequestIsTheExampleOfItsBucketInOpenMetricsOnly) {
  RequestMetrics& requests = shard_.Requests("public", "app");
  const http::TraceId trace = {0x0af7, 0x319c};
  const auto trace_at = [&](int64_t us, int64_t now_us, std::optional<http::TraceId> id) {
    requests.duration().Trace(
        requests.Record("GET", 200, us, 0, 0), us, now_us, [&] { return id; },
        [] { return 1'700'000'000'045; });
  };
  trace_at(400, 5'000'000, trace);
  trace_at(450, 5'500'000, http::TraceId{1, 1});  // within a second: the first one stays
  trace_at(700, 5'000'000, std::nullopt);
  trace_at(70'000'000, 5'000'000, trace);
  const std::string text = metrics_.Render({}, {.open_metrics = true});
  const std::string name =
      R"(mantlet_request_duration_seconds_bucket{listener="public",upstream="app",le=)";
  const std::string id = R"( # {trace_id="0000000000000af7000000000000319c"} )";
  EXPECT_THAT(Lines(text), Contains(name + R"("0.0005"} 2)" + id + "4e-04 1700000000.045"));
  EXPECT_THAT(Lines(text), Contains(name + R"("0.001"} 3)"));
  EXPECT_THAT(Lines(text), Contains(name + R"("+Inf"} 4)" + id + "70 1700000000.045"));
  EXPECT_THAT(metrics_.Render(), Not(HasSubstr("trace_id")));
}

TEST_F(MetricsTest, OpenMetricsHasItsOwnNamesAndNumbers) {
  shard_.Listener("public").HandshakeDone(TlsVersionLabel::kTls13, false, false, 100);
  SetExpiries({.trust_anchors = {{"public", "/ca", "a\"} 1\nforged 1\\", "", "", 1'900'000'003}}});
  const std::string text = metrics_.Render({}, {.open_metrics = true});
  const auto lines = Lines(text);
  EXPECT_THAT(lines, Contains("# TYPE mantlet_connections counter"));
  EXPECT_THAT(lines, Contains(R"(mantlet_connections_total{listener="public"} 0)"));
  EXPECT_THAT(lines, Contains(HasSubstr(R"(le="0.0001"} 1)")));
  EXPECT_THAT(lines, Contains(HasSubstr(R"(le="10.0"} 1)")));
  EXPECT_THAT(text,
              HasSubstr(R"(subject="a\"} 1\nforged 1\\",serial="",trust_domain=""} 1900000003)"));
  EXPECT_EQ(lines.back(), "# EOF");
}

TEST_F(MetricsTest, ExportsTheBuildInfo) {
  EXPECT_THAT(Scrape(), Contains(R"(mantlet_build_info{version="0.1.0",commit="abc1234"} 1)"));
}

TEST(SampleMetrics, HasNoSeriesTwiceAndNoFamilyTwice) {
  std::set<std::string> seen;
  for (const std::string& line : Lines(RenderSample())) {
    const bool is_comment = line.starts_with("#");
    const std::string key = is_comment ? line : line.substr(0, line.rfind(' '));
    EXPECT_TRUE(seen.insert(key).second) << key;
  }
}

TEST_F(MetricsTest, CanBeScrapedWhileWorkersCount) {
  std::atomic<bool> stop{false};
  std::thread worker([&] {
    ListenerMetrics& listener = shard_.Listener("public");
    RequestMetrics& requests = shard_.Requests("public", "app");
    for (int i = 0; i < 100'000; ++i) {
      listener.ConnectionOpened();
      requests.duration().Trace(
          requests.Record(i % 2 ? "GET" : "PUT", 100 + i % 500, i, 1, 1), i, int64_t{i} * 1'000'000,
          [&] { return std::optional(http::TraceId{uint64_t(i), uint64_t(i)}); },
          [&] { return i; });
    }
    stop = true;
  });
  while (!stop) {
    const std::string text = metrics_.Render({}, {.open_metrics = true});
    for (size_t at = 0; (at = text.find("trace_id=\"", at)) != std::string::npos; ++at) {
      EXPECT_EQ(text.substr(at + 10, 16), text.substr(at + 26, 16)) << "half of another trace";
    }
  }
  worker.join();
  EXPECT_THAT(Scrape(), Contains(R"(mantlet_connections_total{listener="public"} 100000)"));
  EXPECT_THAT(Scrape(),
              Contains(R"(mantlet_request_bytes_total{listener="public",upstream="app"} 100000)"));
}

}  // namespace
}  // namespace mantlet::observe
