// ServerSide is the server side of a TLS connection in memory: a context, a stream over an
// io::Wire, and the results that the stream has reported. Tests change `options` before Start().

#ifndef MANTLET_TEST_PROXY_TLS_SERVER_SIDE_H_
#define MANTLET_TEST_PROXY_TLS_SERVER_SIDE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "proxy/base/clock.h"
#include "proxy/io/loop.h"
#include "proxy/tls/server_context.h"
#include "proxy/tls/server_stream.h"
#include "test/proxy/io/loop_driver.h"
#include "test/proxy/io/memory_stream.h"
#include "test/proxy/io/recording_handler.h"
#include "test/proxy/tls/memory_client.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::tls {

inline const x509::Credential& ServerCertificate() {
  static const x509::Credential* server = [] {
    x509::CertificateTemplate what = x509::ServerTemplate("server", {"server.example"});
    what.san.uri = {"spiffe://example/server"};
    return new x509::Credential(x509::MakeCredential(what, &x509::Root()));
  }();
  return *server;
}

inline const x509::Credential& ClientCertificate() {
  static const x509::Credential* client =
      new x509::Credential(x509::MakeCredential(x509::ClientTemplate("alice"), &x509::Root()));
  return *client;
}

inline ServerCredential Serve(const x509::Credential& credential, std::vector<std::string> names) {
  ServerCredential served;
  served.chain_der = {credential.certificate->der()};
  served.key = credential.key;
  served.names = std::move(names);
  served.san_uri = credential.certificate->san().uri;
  return served;
}

class ServerSide : public ServerStream::HandshakeHandler {
 public:
  // Client certificates from Root() are requested and may be absent.
  ServerSide() {
    options.client_auth = config::ClientAuthMode::kOptional;
    options.credentials = {Serve(ServerCertificate(), {"server.example"})};
    options.clock = &clock;
    SetTrust(x509::Trust({x509::Root()}));
  }

  void SetTrust(x509::TrustStorePtr trust, int max_depth = 4) {
    verify::ChainVerifier::Options how;
    how.max_depth = max_depth;
    verify::ClientVerifier::Options verifier;
    verifier.by_trust_bundle = std::make_shared<const verify::ChainVerifier>(std::move(trust), how);
    options.verifier = std::make_shared<const verify::ClientVerifier>(std::move(verifier));
  }

  void Start() {
    auto made = ServerContext::Create(options);
    ASSERT_TRUE(made.ok()) << made.status();
    context = *made;
    Open();
  }
  // Accepts the next connection, under the current context.
  void Accept() {
    stream.reset();
    wire = std::make_shared<io::Wire>();
    peer.reset();
    report.reset();
    failures = 0;
    Open();
  }
  void Open() {
    stream = std::make_unique<ServerStream>(loop, std::make_unique<io::MemoryStream>(wire), context,
                                            verdicts, this);
    stream->SetHandler(&handler);
  }

  // Starts, and lets `client` continue the handshake as far as possible.
  void Meet(MemoryClient& client) {
    Start();
    client.Pump(*wire);
  }

  // Does what a turn of the loop does after a pause.
  void Turn() {
    io::RunReady(loop);
    wire->Deliver();
  }

  void OnCertificateNotVerified(const HandshakeReport& why) override { not_verified = why; }
  void OnPartialHello() override { ++partial_hellos; }
  bool OnHandshakeBegins() override {
    ++begun;
    if (refuse) stream->Abort();
    return !refuse;
  }
  void OnHandshakeDone(identity::PeerIdentity identity) override {
    peer = std::move(identity);
    if (on_done) on_done();
  }
  void OnHandshakeFailed(HandshakeReport why) override {
    report = std::move(why);
    ++failures;
    if (on_failed) on_failed();
  }

  io::Loop loop;
  base::ManualClock clock;
  ServerContext::Options options;
  verify::ClientVerdictCache verdicts;
  ServerContextPtr context;  // made by Start()
  std::shared_ptr<io::Wire> wire = std::make_shared<io::Wire>();
  io::RecordingHandler handler;
  std::optional<identity::PeerIdentity> peer;   // of a handshake that is done
  std::optional<HandshakeReport> report;        // of one that failed
  std::optional<HandshakeReport> not_verified;  // of one that was accepted without an identity
  int partial_hellos = 0, begun = 0, failures = 0;
  bool refuse = false;  // rejects the next handshake
  std::function<void()> on_done, on_failed;
  std::unique_ptr<ServerStream> stream;
};

}  // namespace mantlet::tls

#endif  // MANTLET_TEST_PROXY_TLS_SERVER_SIDE_H_
