// What a decision costs, by the number of rules that do not hold: per request, and
// what is worked out once per connection.

#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "proxy/http/request_path.h"
#include "proxy/policy/policy.h"
#include "test/proxy/identity/edit_certificate.h"

namespace mantlet::policy {
namespace {

std::shared_ptr<const Policy> WithRules(int64_t count) {
  config::Policy config;
  for (int64_t i = 0; i < count; ++i) {
    config::Rule rule;
    rule.name = "r" + std::to_string(i);
    rule.action = config::RuleAction::kDeny;
    if (i % 2 == 0) {
      rule.match.spiffe_id = {"spiffe://example.org/s" + std::to_string(i)};
    } else {
      rule.match.path = {"/p" + std::to_string(i) + "/**"};
    }
    config.rules.push_back(rule);
  }
  return std::make_shared<const Policy>(config);
}

identity::PeerIdentity Peer() {
  identity::PeerIdentity peer;
  peer.verification = identity::Verification::kSuccess;
  identity::ClientCertificate& certificate = EditCertificate(peer);
  certificate.spiffe_id = "spiffe://example.org/ns/production/sa/web";
  certificate.san_uri = {certificate.spiffe_id};
  return peer;
}

void Decide(benchmark::State& state) {
  const auto policy = WithRules(state.range(0));
  const identity::PeerIdentity peer = Peer();
  ConnectionView view;
  view.Refresh(policy, &peer);
  for (auto _ : state) {
    benchmark::DoNotOptimize(policy->Decide({view, "GET", "/api/v1/items"}));
  }
}
BENCHMARK(Decide)->Arg(0)->Arg(100)->Arg(10'000);

void RefreshForAConnection(benchmark::State& state) {
  const auto policy = WithRules(state.range(0));
  const identity::PeerIdentity peer = Peer();
  for (auto _ : state) {
    ConnectionView view;
    view.Refresh(policy, &peer);
    benchmark::DoNotOptimize(view);
  }
}
BENCHMARK(RefreshForAConnection)->Arg(0)->Arg(100)->Arg(10'000);

void NormalizePath(benchmark::State& state) {
  http::RequestPath path;
  for (auto _ : state) {
    benchmark::DoNotOptimize(path.Normalize("/api/v1/./items/%7Bid%7D/../name?page=2&sort=name"));
  }
}
BENCHMARK(NormalizePath);

}  // namespace
}  // namespace mantlet::policy

BENCHMARK_MAIN();
