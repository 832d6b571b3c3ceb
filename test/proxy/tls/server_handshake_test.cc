// Tests the results of handshakes: the peer's identity, or a reason for the operator and only an
// alert for the client.

#include <string>

#include "gtest/gtest.h"
#include "test/proxy/tls/server_side.h"

namespace mantlet::tls {
namespace {

using base::HandshakeFailure;

class HandshakeTest : public testing::Test {
 protected:
  // Connects a client that must fail, and returns the label of the reason.
  std::string Refused(MemoryClient::Options options) {
    client_ = std::make_unique<MemoryClient>(options);
    server_.Meet(*client_);
    EXPECT_FALSE(server_.peer.has_value());
    EXPECT_EQ(server_.failures, 1);
    EXPECT_TRUE(server_.wire->shutdown) << "the alert is the last thing sent";
    return Reason();
  }
  std::string Reason() const {
    if (!server_.report) return "none";
    return std::string(base::ToString(server_.report->reason));
  }
  // Connects the next client, under a context with the current options.
  void Connect(MemoryClient& client) {
    server_.Start();
    server_.Accept();
    client.Pump(*server_.wire);
  }
  // Like Refused(), for a client certificate made from `what`.
  std::string RefusedCertificate(const x509::CertificateTemplate& what,
                                 const x509::Credential& issuer,
                                 x509::KeyType type = x509::KeyType::kP256) {
    x509::Credential leaf = x509::MakeCredential(what, &issuer, type);
    return Refused(WithCertificate({&leaf}));
  }

  ServerSide server_;
  std::unique_ptr<MemoryClient> client_;
};

TEST_F(HandshakeTest, BeginsWithTheWholeClientHelloAndNotBefore) {
  MemoryClient client(WithCertificate({&ClientCertificate()}));
  server_.Start();
  const std::string hello = client.TakeOutgoing();
  for (size_t i = 0; i + 1 < hello.size(); ++i) server_.wire->Arrive(hello.substr(i, 1));
  EXPECT_EQ(server_.partial_hellos, 1);
  EXPECT_EQ(server_.begun, 0);
  EXPECT_EQ(server_.wire->sent, "");
  server_.wire->Arrive(hello.substr(hello.size() - 1));
  EXPECT_EQ(server_.begun, 1);
  client.Pump(*server_.wire);
  EXPECT_TRUE(server_.peer.has_value());
  EXPECT_EQ(server_.begun, 1);
  EXPECT_EQ(server_.partial_hellos, 1);
}

TEST_F(HandshakeTest, AWholeClientHelloIsNeverAPart) {
  MemoryClient client(WithCertificate({&ClientCertificate()}));
  server_.Meet(client);
  EXPECT_EQ(server_.partial_hellos, 0);
}

TEST_F(HandshakeTest, AClientThatIsNotAdmittedGetsNothing) {
  server_.refuse = true;
  MemoryClient client(WithCertificate({&ClientCertificate()}));
  server_.Meet(client);
  EXPECT_TRUE(server_.wire->aborted);
  EXPECT_EQ(server_.wire->sent, "");
  EXPECT_FALSE(server_.peer.has_value());
  EXPECT_EQ(server_.failures, 0) << "it was not the handshake that failed";
}

TEST_F(HandshakeTest, AcknowledgesTheClientsLastMessageOnceIfThereIsNoResponse) {
  MemoryClient::Options options = WithCertificate({&ClientCertificate()});
  MemoryClient client(options);
  server_.Meet(client);
  EXPECT_EQ(server_.wire->quick_acks, 1);
  client.Write("GET / HTTP/1.1\r\n");
  client.Pump(*server_.wire);
  EXPECT_EQ(server_.wire->quick_acks, 1) << "none for what follows";
  options.max_version = TLS1_2_VERSION;
  MemoryClient old(options);
  Connect(old);
  ASSERT_TRUE(server_.peer.has_value());
  EXPECT_EQ(server_.wire->quick_acks, 0) << "the server's Finished comes last";
}

TEST_F(HandshakeTest, ReportsTheClientsIdentityAndTheTlsParameters) {
  server_.options.client_auth = config::ClientAuthMode::kRequire;
  MemoryClient::Options options = WithCertificate({&ClientCertificate()});
  options.sni = "Server.Example";
  options.alpn = {"http/1.1"};
  MemoryClient client(options);
  server_.Meet(client);
  ASSERT_TRUE(server_.peer.has_value()) << server_.report->detail;
  EXPECT_TRUE(client.handshake_done());
  EXPECT_TRUE(server_.peer->has_certificate());
  EXPECT_EQ(server_.peer->certificate->subject, "CN=alice");
  EXPECT_EQ(server_.peer->tls.version, "TLSv1.3");
  EXPECT_EQ(server_.peer->tls.cipher.substr(0, 4), "TLS_");
  EXPECT_NE(server_.peer->tls.group, "");
  EXPECT_EQ(server_.peer->tls.sni, "server.example");
  EXPECT_EQ(client.alpn(), "http/1.1");
  EXPECT_FALSE(server_.peer->tls.resumed);
  ASSERT_NE(server_.peer->local_san_uri, nullptr);
  EXPECT_EQ(*server_.peer->local_san_uri, std::vector<std::string>{"spiffe://example/server"});
}

TEST_F(HandshakeTest, ConnectionsOfOneClientShareWhatIsTheSame) {
  MemoryClient first(WithCertificate({&ClientCertificate()}));
  server_.Meet(first);
  ASSERT_TRUE(server_.peer.has_value());
  const identity::PeerIdentity before = *server_.peer;
  MemoryClient second(WithCertificate({&ClientCertificate()}));
  server_.Accept();
  second.Pump(*server_.wire);
  ASSERT_TRUE(server_.peer.has_value());
  EXPECT_EQ(server_.peer->certificate, before.certificate) << "the same object";
  EXPECT_EQ(server_.peer->local_san_uri, before.local_san_uri) << "the same object";
  EXPECT_EQ(server_.peer->tls.cipher.data(), before.tls.cipher.data()) << "the same constant";
}

TEST_F(HandshakeTest, AKnownClientProvesItsKeyEveryTime) {
  for (const uint16_t version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    MemoryClient::Options options = WithCertificate({&ClientCertificate()});
    options.min_version = options.max_version = version;
    MemoryClient known(options);
    Connect(known);
    ASSERT_TRUE(server_.peer.has_value());
    ASSERT_EQ(server_.verdicts.size(), 1u);
    const x509::Credential thief =
        x509::MakeCredential(x509::ClientTemplate("alice"), &x509::Root());
    options.key = thief.key;
    options.false_key = true;
    MemoryClient stranger(options);
    Connect(stranger);
    EXPECT_FALSE(server_.peer.has_value());
    EXPECT_EQ(Reason(), "bad_signature");
  }
}

TEST_F(HandshakeTest, AKnownClientIsRejectedOnceItsCaIsGone) {
  MemoryClient before(WithCertificate({&ClientCertificate()}));
  Connect(before);
  ASSERT_TRUE(server_.peer.has_value());
  server_.SetTrust(x509::Trust({x509::MakeCredential(x509::CaTemplate("other"), nullptr)}));
  MemoryClient after(WithCertificate({&ClientCertificate()}));
  Connect(after);
  EXPECT_FALSE(server_.peer.has_value());
  EXPECT_EQ(Reason(), "unknown_ca");
}

TEST_F(HandshakeTest, Tls12Works) {
  server_.options.client_auth = config::ClientAuthMode::kRequire;
  MemoryClient::Options options = WithCertificate({&ClientCertificate()});
  options.max_version = TLS1_2_VERSION;
  MemoryClient client(options);
  server_.Meet(client);
  ASSERT_TRUE(server_.peer.has_value());
  EXPECT_EQ(server_.peer->tls.version, "TLSv1.2");
  EXPECT_EQ(server_.peer->certificate->subject, "CN=alice");
}

TEST_F(HandshakeTest, WorksByteByByte) {
  server_.wire->piece_bytes = 1;
  MemoryClient client(WithCertificate({&ClientCertificate()}));
  server_.Meet(client);
  EXPECT_TRUE(server_.peer.has_value());
}

TEST_F(HandshakeTest, AnIntermediateThatTheClientSendsLeadsToTheRoot) {
  x509::Credential leaf = x509::MakeCredential(x509::ClientTemplate("bob"), &x509::Intermediate());
  MemoryClient client(WithCertificate({&leaf, &x509::Intermediate()}));
  server_.Meet(client);
  ASSERT_TRUE(server_.peer.has_value());
  EXPECT_EQ(server_.peer->certificate->subject, "CN=bob");
}

TEST_F(HandshakeTest, OptionalTakesAClientWithoutACertificate) {
  MemoryClient client({});
  server_.Meet(client);
  ASSERT_TRUE(server_.peer.has_value());
  EXPECT_FALSE(server_.peer->has_certificate());
}

TEST_F(HandshakeTest, OptionalRejectsACertificateThatDoesNotVerify) {
  x509::Credential other = x509::MakeCredential(x509::CaTemplate("other"), nullptr);
  EXPECT_EQ(RefusedCertificate(x509::ClientTemplate("mallory"), other), "unknown_ca");
}

TEST_F(HandshakeTest, WithoutClientAuthenticationNoCertificateIsAskedFor) {
  server_.options.client_auth = config::ClientAuthMode::kNone;
  server_.options.verifier = nullptr;
  MemoryClient client(WithCertificate({&ClientCertificate()}));
  server_.Meet(client);
  ASSERT_TRUE(server_.peer.has_value());
  EXPECT_FALSE(server_.peer->has_certificate());
  EXPECT_EQ(client.requested_ca_names(), 0u);
}

// ---- every reason of a handshake alone

TEST_F(HandshakeTest, NoClientCertificate) {
  server_.options.client_auth = config::ClientAuthMode::kRequire;
  EXPECT_EQ(Refused({}), "no_client_certificate");
  EXPECT_EQ(client_->alert(), 116);  // certificate_required, RFC 8446 section 6.2
}

TEST_F(HandshakeTest, NoClientCertificateInTls12) {
  server_.options.client_auth = config::ClientAuthMode::kRequire;
  MemoryClient::Options options;
  options.max_version = TLS1_2_VERSION;
  EXPECT_EQ(Refused(options), "no_client_certificate");
  EXPECT_EQ(client_->alert(), SSL_AD_HANDSHAKE_FAILURE);
}

TEST_F(HandshakeTest, UnknownCaNamesTheCertificateAtFault) {
  x509::Credential other = x509::MakeCredential(x509::CaTemplate("other"), nullptr);
  MemoryClient::Options options;
  x509::Credential leaf = x509::MakeCredential(x509::ClientTemplate("mallory"), &other);
  options = WithCertificate({&leaf});
  options.sni = "server.example";
  EXPECT_EQ(Refused(options), "unknown_ca");
  EXPECT_EQ(server_.report->certificate.subject, "CN=mallory");
  EXPECT_EQ(server_.report->certificate.issuer, "CN=other");
  EXPECT_EQ(server_.report->certificate.serial, leaf.certificate->serial());
  EXPECT_EQ(server_.report->certificate.depth, 0);
  EXPECT_EQ(server_.report->sni, "server.example");
  EXPECT_EQ(server_.report->version, "TLSv1.3");
  EXPECT_NE(server_.report->detail, "");
  EXPECT_EQ(client_->alert(), SSL_AD_UNKNOWN_CA);
}

TEST_F(HandshakeTest, Expired) {
  x509::CertificateTemplate what = x509::ClientTemplate("late");
  what.not_after = x509::kNow - 1;
  EXPECT_EQ(RefusedCertificate(what, x509::Root()), "expired");
  EXPECT_EQ(server_.report->certificate.not_after, x509::kNow - 1);
  EXPECT_EQ(client_->alert(), SSL_AD_CERTIFICATE_EXPIRED);
}

TEST_F(HandshakeTest, ExpiryIsCheckedAtTheCurrentTime) {
  server_.clock.SetWallSeconds(x509::kNow + 200 * x509::kDay);
  EXPECT_EQ(Refused(WithCertificate({&ClientCertificate()})), "expired");
}

TEST_F(HandshakeTest, NotYetValid) {
  x509::CertificateTemplate what = x509::ClientTemplate("early");
  what.not_before = x509::kNow + x509::kDay;
  EXPECT_EQ(RefusedCertificate(what, x509::Root()), "not_yet_valid");
}

TEST_F(HandshakeTest, BadSignature) {
  x509::Credential leaf = x509::MakeCredential(x509::ClientTemplate("forged"), &x509::Root());
  MemoryClient::Options options = WithCertificate({&leaf});
  options.chain_der[0].back() ^= 1;  // the last byte of the signature
  EXPECT_EQ(Refused(options), "bad_signature");
}

TEST_F(HandshakeTest, WeakKey) {
  EXPECT_EQ(RefusedCertificate(x509::ClientTemplate("weak"), x509::Root(), x509::KeyType::kRsa1024),
            "weak_key");
  EXPECT_EQ(client_->alert(), SSL_AD_BAD_CERTIFICATE);
}

TEST_F(HandshakeTest, WrongPurpose) {
  EXPECT_EQ(RefusedCertificate(x509::ServerTemplate("not a client", {"x.example"}), x509::Root()),
            "wrong_purpose");
  EXPECT_EQ(client_->alert(), SSL_AD_UNSUPPORTED_CERTIFICATE);
}

TEST_F(HandshakeTest, NameConstraint) {
  x509::CertificateTemplate ca = x509::CaTemplate("constrained");
  x509::AddNameConstraints({"inside.example"}, {}, &ca);
  x509::Credential constrained = x509::MakeCredential(ca, &x509::Root());
  x509::CertificateTemplate what = x509::ClientTemplate("outsider");
  what.san.dns = {"outside.example"};
  x509::Credential leaf = x509::MakeCredential(what, &constrained);
  EXPECT_EQ(Refused(WithCertificate({&leaf, &constrained})), "name_constraint");
}

TEST_F(HandshakeTest, PathTooLong) {
  server_.SetTrust(x509::Trust({x509::Root()}), 0);
  x509::Credential leaf = x509::MakeCredential(x509::ClientTemplate("deep"), &x509::Intermediate());
  EXPECT_EQ(Refused(WithCertificate({&leaf, &x509::Intermediate()})), "path_too_long");
}

TEST_F(HandshakeTest, InvalidCertificate) {
  MemoryClient::Options options = WithCertificate({&ClientCertificate()});
  options.chain_der.push_back("this is no certificate");
  EXPECT_EQ(Refused(options), "invalid_certificate");
  EXPECT_EQ(client_->alert(), SSL_AD_BAD_CERTIFICATE);
}

TEST_F(HandshakeTest, ProtocolVersion) {
  server_.options.tls.min_version = config::TlsVersion::kTls13;
  MemoryClient::Options options;
  options.max_version = TLS1_2_VERSION;
  EXPECT_EQ(Refused(options), "protocol_version");
  EXPECT_EQ(client_->alert(), SSL_AD_PROTOCOL_VERSION);
}

TEST_F(HandshakeTest, NoSharedCipher) {
  MemoryClient::Options options;
  options.max_version = TLS1_2_VERSION;
  options.ciphers = "ECDHE-RSA-AES128-GCM-SHA256";  // the server's key is ECDSA
  EXPECT_EQ(Refused(options), "no_shared_cipher");
  EXPECT_EQ(client_->alert(), SSL_AD_HANDSHAKE_FAILURE);
}

TEST_F(HandshakeTest, PlaintextHttpGetsAPlaintextResponse) {
  server_.Start();
  server_.wire->Arrive("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(Reason(), "plaintext_http");
  const std::string answer = server_.wire->sent;
  EXPECT_EQ(answer.substr(0, 26), "HTTP/1.1 400 Bad Request\r\n");
  const size_t body = answer.find("\r\n\r\n") + 4;
  const size_t length = answer.find("Content-Length: ") + 16;
  EXPECT_EQ(std::stoul(answer.substr(length)), answer.size() - body);
}

TEST_F(HandshakeTest, NotTls) {
  server_.Start();
  server_.wire->Arrive("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
  EXPECT_EQ(Reason(), "not_tls");
  EXPECT_EQ(server_.report->version, "");
}

TEST_F(HandshakeTest, PeerClosedBeforeItSentAnything) {
  server_.Start();
  server_.wire->ArriveEnd();
  EXPECT_EQ(Reason(), "peer_closed");
  EXPECT_NE(server_.report->detail.find("without a ClientHello"), std::string::npos);
}

TEST_F(HandshakeTest, PeerClosedInTheMiddle) {
  server_.Start();
  MemoryClient client({});
  server_.wire->Arrive(client.TakeOutgoing());
  server_.wire->ArriveEnd();
  EXPECT_EQ(Reason(), "peer_closed");
  EXPECT_NE(server_.report->detail.find("during the handshake"), std::string::npos);
}

TEST_F(HandshakeTest, PeerClosedByAReset) {
  server_.Start();
  server_.wire->Break(io::StreamFailure::kReset);
  EXPECT_EQ(Reason(), "peer_closed");
  EXPECT_EQ(server_.handler.errors, 0) << "a failed handshake is told once";
}

TEST_F(HandshakeTest, PeerAlert) {
  MemoryClient::Options options;
  options.refuse_server = true;
  EXPECT_EQ(Refused(options), "peer_alert");
}

TEST_F(HandshakeTest, OtherIfTheNameIsUnknownAndStrict) {
  server_.options.tls.strict_sni = true;
  MemoryClient::Options options;
  options.sni = "elsewhere.example";
  EXPECT_EQ(Refused(options), "other");
  EXPECT_NE(server_.report->detail.find("'elsewhere.example'"), std::string::npos);
}

TEST_F(HandshakeTest, ATimeoutFromOutsideReportsWhatIsKnownSoFar) {
  server_.Start();
  MemoryClient::Options options;
  options.sni = "server.example";
  MemoryClient client(options);
  server_.wire->Arrive(client.TakeOutgoing());
  HandshakeReport report = server_.stream->Report(HandshakeFailure::kTimeout, "too slow");
  EXPECT_EQ(report.reason, HandshakeFailure::kTimeout);
  EXPECT_EQ(report.sni, "server.example");
  EXPECT_EQ(report.detail, "too slow");
}

TEST_F(HandshakeTest, WhatArrivesAfterAFailureIsIgnored) {
  server_.Start();
  server_.wire->Arrive("GET / HTTP/1.1\r\n\r\n");
  server_.wire->Arrive("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(server_.failures, 1);
  server_.wire->ArriveEnd();
  EXPECT_EQ(server_.handler.ends, 1) << "tells the owner that it need not linger";
}

// ---- certificates by name

class SniTest : public HandshakeTest {
 protected:
  SniTest() {
    server_.options.credentials.push_back(Serve(exact_, {"a.example", "both.example"}));
    server_.options.credentials.push_back(Serve(wildcard_, {"*.wild.example", "both.example"}));
  }
  // Returns the certificate for a client that requests `name`, as "CN=…".
  std::string Shown(const std::string& name) {
    MemoryClient::Options options;
    options.sni = name;
    MemoryClient client(options);
    server_.peer.reset();
    server_.wire = std::make_shared<io::Wire>();
    server_.Meet(client);
    if (!server_.peer) return "refused";
    auto leaf = x509::Certificate::FromDer(client.server_leaf_der());
    EXPECT_TRUE(leaf.ok());
    return (*leaf)->subject();
  }

  x509::Credential exact_ =
      x509::MakeCredential(x509::ServerTemplate("exact", {"a.example"}), &x509::Root());
  // A key of another kind than the default's.
  x509::Credential wildcard_ = x509::MakeCredential(
      x509::ServerTemplate("wildcard", {"*.wild.example"}), &x509::Root(), x509::KeyType::kRsa2048);
};

TEST_F(SniTest, PicksTheCertificateOfTheName) {
  EXPECT_EQ(Shown("server.example"), "CN=server");
  EXPECT_EQ(server_.stream->certificate_index(), 0u);
  EXPECT_EQ(Shown("a.example"), "CN=exact");
  EXPECT_EQ(server_.stream->certificate_index(), 1u);
  EXPECT_EQ(Shown("x.wild.example"), "CN=wildcard");
  EXPECT_EQ(server_.stream->certificate_index(), 2u);
}

TEST_F(SniTest, IgnoresCase) { EXPECT_EQ(Shown("A.eXample"), "CN=exact"); }

TEST_F(SniTest, PicksTheFirstOfTwoWithOneName) { EXPECT_EQ(Shown("both.example"), "CN=exact"); }

TEST_F(SniTest, ShowsTheFirstCertificateForAnotherNameOrNone) {
  EXPECT_EQ(Shown("unknown.example"), "CN=server");
  EXPECT_EQ(Shown(""), "CN=server");
}

TEST_F(SniTest, StrictRejectsAnotherNameAndNone) {
  server_.options.tls.strict_sni = true;
  EXPECT_EQ(Shown("unknown.example"), "refused");
  EXPECT_EQ(Shown(""), "refused");
  EXPECT_EQ(Shown("a.example"), "CN=exact");
}

TEST_F(HandshakeTest, ChoosesHttp11AmongTheProtocolsOffered) {
  MemoryClient::Options options;
  options.alpn = {"h2", "http/1.1"};
  MemoryClient client(options);
  server_.Meet(client);
  EXPECT_EQ(client.alpn(), "http/1.1");
}

TEST_F(HandshakeTest, TheListenersOrderOfProtocolsDecides) {
  for (const char* best : {"h2", "http/1.1"}) {
    ServerSide server;
    server.options.protocols = {best, "h2", "http/1.1"};
    MemoryClient::Options options;
    options.alpn = {"x", "http/1.1", "h2"};
    MemoryClient client(options);
    server.Meet(client);
    EXPECT_EQ(client.alpn(), best);
  }
}

TEST_F(HandshakeTest, AClientWithoutAlpnIsAccepted) {
  MemoryClient client({});
  server_.Meet(client);
  ASSERT_TRUE(server_.peer.has_value());
  EXPECT_EQ(client.alpn(), "");
}

TEST_F(HandshakeTest, TheCertificateRequestNamesTheTrustAnchors) {
  server_.SetTrust(x509::Trust({x509::Root(), x509::Intermediate()}));
  MemoryClient client({});
  server_.Meet(client);
  EXPECT_EQ(client.requested_ca_names(), 2u);
}

TEST_F(HandshakeTest, TheStreamMayBeDestroyedInsideOnHandshakeDone) {
  server_.on_done = [&] { server_.stream.reset(); };
  MemoryClient client({});
  server_.Meet(client);
  EXPECT_TRUE(server_.wire->destroyed);
}

TEST_F(HandshakeTest, TheStreamMayBeDestroyedInsideOnHandshakeFailed) {
  server_.on_failed = [&] { server_.stream.reset(); };
  server_.Start();
  server_.wire->Arrive("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(server_.wire->destroyed);
}

// Certificates for server.example with an RSA, an Ed25519 and an ECDSA key.
class SideBySideTest : public HandshakeTest {
 protected:
  void SetUp() override {
    for (x509::KeyType type :
         {x509::KeyType::kRsa2048, x509::KeyType::kEd25519, x509::KeyType::kP256}) {
      all_.push_back(
          x509::MakeCredential(x509::ServerTemplate("s", {"server.example"}), &x509::Root(), type));
    }
    server_.options.credentials.clear();
    for (const x509::Credential& each : all_) {
      server_.options.credentials.push_back(Serve(each, {"server.example"}));
    }
  }
  // Returns the index of the certificate that the client receives.
  size_t Shown(MemoryClient::Options options, const std::string& sni = "server.example") {
    options.sni = sni;
    MemoryClient client(options);
    server_.Meet(client);
    EXPECT_TRUE(client.handshake_done()) << (server_.report ? server_.report->detail : "");
    const std::string der = client.server_leaf_der();
    size_t number = 0;
    while (number < all_.size() && all_[number].certificate->der() != der) ++number;
    EXPECT_EQ(server_.stream->certificate_index(), number);
    return number;
  }
  static MemoryClient::Options Verifying(std::vector<uint16_t> algorithms) {
    MemoryClient::Options options;
    options.verify_algorithms = std::move(algorithms);
    return options;
  }
  static MemoryClient::Options Tls12(std::string ciphers) {
    MemoryClient::Options options;
    options.max_version = TLS1_2_VERSION;
    options.ciphers = std::move(ciphers);
    return options;
  }

  std::vector<x509::Credential> all_;
};

TEST_F(SideBySideTest, AClientThatCanVerifyAllGetsEcdsa) { EXPECT_EQ(Shown({}), 2u); }
TEST_F(SideBySideTest, AClientWithoutANameGetsTheDefaultsEcdsa) { EXPECT_EQ(Shown({}, ""), 2u); }
TEST_F(SideBySideTest, AClientThatVerifiesOnlyRsaGetsRsa) {
  EXPECT_EQ(Shown(Verifying({SSL_SIGN_RSA_PSS_RSAE_SHA256})), 0u);
}
TEST_F(SideBySideTest, AClientThatVerifiesNoEcdsaGetsEd25519) {
  EXPECT_EQ(Shown(Verifying({SSL_SIGN_RSA_PSS_RSAE_SHA256, SSL_SIGN_ED25519})), 1u);
}
TEST_F(SideBySideTest, ATls12ClientWithRsaSuitesOnlyGetsRsa) {
  EXPECT_EQ(Shown(Tls12("ECDHE-RSA-AES128-GCM-SHA256")), 0u);
}
TEST_F(SideBySideTest, ATls12ClientWithEcdsaSuitesOnlyGetsEcdsa) {
  EXPECT_EQ(Shown(Tls12("ECDHE-ECDSA-AES128-GCM-SHA256")), 2u);
}
TEST_F(SideBySideTest, AClientThatCanVerifyNoneIsRejectedForThatReason) {
  MemoryClient::Options options = Verifying({SSL_SIGN_ECDSA_SECP521R1_SHA512});
  options.sni = "server.example";
  EXPECT_EQ(Refused(options), "no_shared_cipher");
}
TEST_F(HandshakeTest, AClientOfHttp2OnlyIsRecognized) {
  MemoryClient::Options options;
  options.alpn = {"h2"};
  EXPECT_EQ(Refused(options), "no_application_protocol");
  EXPECT_EQ(server_.report->detail,
            "the client supports only HTTP/2, like gRPC (ALPN: h2); this listener supports "
            "http/1.1, http/1.0");
  EXPECT_EQ(client_->alert(), SSL_AD_NO_APPLICATION_PROTOCOL);
}

TEST_F(HandshakeTest, TheRecordOfAMissingCertificateListsTheRequestedKinds) {
  server_.options.client_auth = config::ClientAuthMode::kRequire;
  EXPECT_EQ(Refused({}), "no_client_certificate");
  EXPECT_NE(server_.report->detail.find("ECDSA P-256, ECDSA P-384, ECDSA P-521, Ed25519, RSA; "
                                        "with a chain to the CA "),
            std::string::npos)
      << server_.report->detail;
}

// The library rejects the certificate before it calls VerifyPeer().
TEST_F(HandshakeTest, AKeyThatMayNotSignIsRejectedWithItsName) {
  for (const auto mode : {config::ClientAuthMode::kRequire, config::ClientAuthMode::kRequest}) {
    for (const uint16_t version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      server_.options.client_auth = mode;
      x509::CertificateTemplate what = x509::ClientTemplate("encipherer");
      what.key_usage = {"keyEncipherment"};
      // The library's client would not send such a certificate with an ECDSA key.
      const x509::Credential leaf =
          x509::MakeCredential(what, &x509::Root(), x509::KeyType::kRsa2048);
      MemoryClient::Options options = WithCertificate({&leaf});
      options.min_version = options.max_version = version;
      MemoryClient client(options);
      Connect(client);
      EXPECT_FALSE(server_.peer.has_value());
      EXPECT_EQ(Reason(), "wrong_purpose");
      EXPECT_EQ(server_.report->detail,
                "the certificate: its key usage (keyEncipherment) does not allow signatures; "
                "digitalSignature is required");
      EXPECT_EQ(server_.report->certificate.subject, "CN=encipherer");
      EXPECT_EQ(server_.report->certificate.depth, 0);
      EXPECT_EQ(server_.report->certificate.serial, leaf.certificate->serial());
    }
  }
}

class RequestTest : public HandshakeTest {
 protected:
  RequestTest() { server_.options.client_auth = config::ClientAuthMode::kRequest; }
  void Meet(MemoryClient::Options options, uint16_t version) {
    options.min_version = options.max_version = version;
    client_ = std::make_unique<MemoryClient>(options);
    server_.not_verified.reset();
    Connect(*client_);
  }
};

TEST_F(RequestTest, AClientThatDoesNotVerifyIsAcceptedWithoutAnIdentity) {
  const x509::Credential stranger = x509::MakeCredential(x509::CaTemplate("stranger"), nullptr);
  const x509::Credential leaf = x509::MakeCredential(x509::ClientTemplate("mallory"), &stranger);
  for (const uint16_t version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Meet(WithCertificate({&leaf}), version);
    ASSERT_TRUE(server_.peer.has_value());
    EXPECT_EQ(server_.peer->verification, identity::Verification::kFailed);
    EXPECT_EQ(server_.peer->failure_reason, "unknown_ca");
    EXPECT_EQ(server_.peer->certificate, nullptr);
    EXPECT_FALSE(server_.peer->is_mutual_tls());
    EXPECT_EQ(server_.failures, 0);
    ASSERT_TRUE(server_.not_verified.has_value());
    EXPECT_EQ(server_.not_verified->certificate.subject, "CN=mallory");
  }
}

TEST_F(RequestTest, AnExpiredClientIsAcceptedWithThatReason) {
  x509::CertificateTemplate what = x509::ClientTemplate("late");
  what.not_after = server_.clock.WallSeconds() - 1;
  what.not_before = what.not_after - 100;
  const x509::Credential leaf = x509::MakeCredential(what, &x509::Root());
  Meet(WithCertificate({&leaf}), TLS1_3_VERSION);
  ASSERT_TRUE(server_.peer.has_value());
  EXPECT_EQ(server_.peer->failure_reason, "expired");
}

TEST_F(RequestTest, OtherClientsAreTreatedAsUnderOptional) {
  Meet(WithCertificate({&ClientCertificate()}), TLS1_3_VERSION);
  ASSERT_TRUE(server_.peer.has_value());
  EXPECT_TRUE(server_.peer->is_mutual_tls());
  EXPECT_EQ(server_.peer->certificate->subject, "CN=alice");
  EXPECT_FALSE(server_.not_verified.has_value());
  Meet({}, TLS1_3_VERSION);
  ASSERT_TRUE(server_.peer.has_value());
  EXPECT_EQ(server_.peer->verification, identity::Verification::kNone);
  EXPECT_FALSE(server_.not_verified.has_value());
}

TEST_F(RequestTest, AClientWithoutTheKeyOfItsCertificateIsRejected) {
  const x509::Credential stranger = x509::MakeCredential(x509::CaTemplate("stranger"), nullptr);
  const x509::Credential leaf = x509::MakeCredential(x509::ClientTemplate("mallory"), &stranger);
  const x509::Credential thief = x509::MakeCredential(x509::ClientTemplate("thief"), &x509::Root());
  for (const x509::Credential* shown : {&leaf, &ClientCertificate()}) {
    for (const uint16_t version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      MemoryClient::Options options = WithCertificate({shown});
      options.key = thief.key;
      options.false_key = true;
      Meet(options, version);
      EXPECT_FALSE(server_.peer.has_value());
      EXPECT_FALSE(server_.not_verified.has_value());
      EXPECT_EQ(Reason(), "bad_signature");
    }
  }
}

TEST_F(RequestTest, OptionalStillRejectsAClientThatDoesNotVerify) {
  server_.options.client_auth = config::ClientAuthMode::kOptional;
  const x509::Credential stranger = x509::MakeCredential(x509::CaTemplate("stranger"), nullptr);
  const x509::Credential leaf = x509::MakeCredential(x509::ClientTemplate("mallory"), &stranger);
  Meet(WithCertificate({&leaf}), TLS1_3_VERSION);
  EXPECT_FALSE(server_.peer.has_value());
  EXPECT_EQ(Reason(), "unknown_ca");
}

TEST_F(HandshakeTest, AnEd25519ClientCertificateIsAccepted) {
  x509::Credential leaf =
      x509::MakeCredential(x509::ClientTemplate("ed"), &x509::Root(), x509::KeyType::kEd25519);
  for (uint16_t version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    ServerSide side;
    MemoryClient::Options options = WithCertificate({&leaf});
    options.max_version = version;
    MemoryClient client(options);
    side.Meet(client);
    EXPECT_TRUE(side.peer.has_value()) << (side.report ? side.report->detail : "");
  }
}

}  // namespace
}  // namespace mantlet::tls
