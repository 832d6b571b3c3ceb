#include "test/proxy/observe/sample_metrics.h"

namespace mantlet::observe {

std::unique_ptr<Metrics> MakeSampleMetrics() {
  auto metrics = std::make_unique<Metrics>(
      Metrics::BuildInfo{{"version", "0.1.0"}, {"commit", "abc1234"}, {"boringssl", "1"}});
  for (int worker = 0; worker < 2; ++worker) {
    MetricsShard& shard = metrics->AddShard();
    ListenerMetrics& listener = shard.Listener("public");
    listener.ConnectionOpened();
    listener.HandshakeDone(TlsVersionLabel::kTls13, false, true, 1500);
    listener.HandshakeFailed(base::HandshakeFailure::kExpired);
    listener.PolicyDenials("default").Add();
    listener.ProtocolChosen(ClientProtocol::kHttp2);
    listener.StreamOpened();
    listener.ClientVerified("CN=clients \xff", kSampleNow + 86'400 * worker + 3600, kSampleNow);
    listener.StreamRefused(StreamRefusal::kStreamLimit);
    listener.Http2ConnectionClosed(Http2CloseReason::kRapidReset);
    UpstreamMetrics& upstream = shard.Upstream("app");
    upstream.ConnectionAdded(UpstreamConnectionState::kIdle);
    upstream.Failed(base::ErrorReason::kConnectRefused);
    upstream.Retried();
    upstream.RetryOverBudget();
    upstream.Waiting(3);
    upstream.ResponseBegan(1800);
    RequestMetrics& requests = shard.Requests("public", "app");
    requests.Record("GET", 200, 2500, 0, 100);
    requests.Record("BREW", 0, 70'000'000, 7, 0);
    requests.GrpcResponse(7);
    requests.Began();
  }
  metrics->SetExpiries(std::make_shared<const Expiries>(Expiries{
      .certificates = {{"public", "/tls.crt", "CN=a \"quoted\"\\,\nname", "01ab", 1'900'000'000,
                        1'700'000'000},
                       {"public", "/tls.crt", "CN=\xff", "02", 1'900'000'001, 1'700'000'001}},
      .trust_anchors = {{"public", "/ca.crt", "CN=root", "01", "", 1'900'000'002},
                        {"public", "/ca.json", "CN=root", "02", "example.org", 1'900'000'003}},
      .crls = {{"public", "/ca.crl", "CN=root", 1'900'000'004, 1'700'000'004}},
      .ocsp_responses = {{"public", "/tls.ocsp", 1'900'000'005, 1'700'000'005}},
      .without_crl = {{"public", "CN=another root"}}}));
  metrics->SetSandbox({{"landlock", true}, {"seccomp", true}});
  metrics->ReloadSucceeded(1'800'000'000);
  metrics->ReloadFailed();
  metrics->SetUpstreamAddresses("app", 2);
  metrics->SetUpstreamCircuitsOpen("app", 1);
  metrics->SetUpstreamHealthy("app", 1);
  metrics->SetLimits({.listeners = {{"public",
                                     {.connections = 10'000,
                                      .handshakes = 1000,
                                      .handshakes_per_second = 500,
                                      .streams = 100}},
                                    {"unlimited", {}}},
                      .upstreams = {{"app", {.connections = 2048, .pending = 2048}}},
                      .client_fds = 768});
  metrics->SetListenersPending({{"public", true}});
  return metrics;
}

std::string RenderSample() {
  return MakeSampleMetrics()->Render(
      {.now = kSampleNow, .ready = true, .handshakes = {{"public", 2}}});
}

}  // namespace mantlet::observe
