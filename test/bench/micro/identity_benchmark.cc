// What it costs to say who a client is: once per connection, not per request.

#include <benchmark/benchmark.h>

#include <string>

#include "proxy/identity/identity_headers.h"
#include "proxy/identity/strip_set.h"
#include "test/proxy/identity/edit_certificate.h"

namespace mantlet::identity {
namespace {

PeerIdentity Peer() {
  PeerIdentity peer;
  peer.verification = Verification::kSuccess;
  ClientCertificate& certificate = EditCertificate(peer);
  certificate.subject = "CN=billing,OU=Payments,O=Example\\, Inc.,C=DE";
  certificate.issuer = "CN=Example issuing CA 7,O=Example\\, Inc.,C=DE";
  certificate.cn = "billing";
  certificate.serial = "5f3a9c0e11d24b7788a0c1d2e3f40516";
  certificate.fingerprint_sha256 = std::string(64, 'a');
  certificate.fingerprint_sha1 = std::string(40, 'b');
  certificate.san_uri = {"spiffe://example.org/ns/production/sa/billing"};
  certificate.san_dns = {"billing.example.org", "billing.production.svc.cluster.local"};
  certificate.der = std::string(600, '\x5a');
  certificate.chain_der = {std::string(550, '\x5b')};
  certificate.spiffe_id = certificate.san_uri[0];
  peer.tls = {"TLSv1.3", "TLS_AES_128_GCM_SHA256", "X25519", "billing.example.org", false};
  peer.local_san_uri = std::make_shared<const std::vector<std::string>>(
      1, "spiffe://example.org/ns/production/sa/orders");
  return peer;
}

void Render(benchmark::State& state, const config::IdentityHeaders& headers) {
  const PeerIdentity peer = Peer();
  for (auto _ : state) {
    RenderReport report;
    benchmark::DoNotOptimize(RenderIdentityHeaders(headers, peer, &report));
  }
}

void RenderXfcc(benchmark::State& state) { Render(state, config::IdentityHeaders()); }
BENCHMARK(RenderXfcc);

void RenderCertificates(benchmark::State& state) {
  config::IdentityHeaders headers;
  headers.xfcc_fields.push_back(config::XfccField::kCert);
  headers.client_cert = config::ClientCertMode::kChain;
  Render(state, headers);
}
BENCHMARK(RenderCertificates);

void RenderNginxVocabulary(benchmark::State& state) {
  config::IdentityHeaders headers;
  headers.xfcc = config::XfccMode::kSanitize;
  headers.set = {{"X-SSL-Client-Verify", config::IdentityField::kVerify},
                 {"X-SSL-Client-S-DN", config::IdentityField::kSubject},
                 {"X-SSL-Client-Serial", config::IdentityField::kSerial},
                 {"X-SSL-Client-Fingerprint", config::IdentityField::kFingerprintSha1}};
  Render(state, headers);
}
BENCHMARK(RenderNginxVocabulary);

void MakeStripSet(benchmark::State& state) {
  const config::IdentityHeaders headers;
  for (auto _ : state) benchmark::DoNotOptimize(StripSet(headers));
}
BENCHMARK(MakeStripSet);

}  // namespace
}  // namespace mantlet::identity

BENCHMARK_MAIN();
