// Tests that Stream works for both sides: a client's handshake, implemented here, opens the same
// class, and the two exchange bytes in memory. server_stream_test.cc tests records in detail.

#include "proxy/tls/stream.h"

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "proxy/tls/handshake_hooks.h"
#include "proxy/tls/peer_chain.h"
#include "test/proxy/tls/server_side.h"

namespace mantlet::tls {
namespace {

// Trusts exactly one server certificate.
class ClientHandshake final : public Handshake, private HandshakeHooks {
 public:
  ClientHandshake(Stream& stream, std::string server_der)
      : Handshake(stream), server_der_(std::move(server_der)) {
    SSL_set_connect_state(ssl());
    SetHooks(ssl(), this, SSL_VERIFY_PEER);
  }
  // Sends the ClientHello: the client starts.
  void Begin() { OnInput({}); }

  int done = 0, failed = 0;
  std::string peer_leaf;  // as OnPeerLeaf has seen it

 private:
  void OnInput(std::string_view) override {
    const int result = SSL_do_handshake(ssl());
    if (result == 1) {
      Complete();
      ++done;
    } else if (SSL_get_error(ssl(), result) == SSL_ERROR_WANT_READ) {
      transport().Flush();
    } else {
      OnTransportEnd();
    }
  }
  void OnNoMemory() override { OnTransportEnd(); }
  void OnTransportEnd() override {
    ++failed;
    Fail();
  }
  void OnTransportError(const io::StreamError&) override { OnTransportEnd(); }

  bool VerifyPeer(uint8_t* alert) override {
    *alert = SSL_AD_UNKNOWN_CA;
    return PeerChain(SSL_get0_peer_certificates(ssl()))[0] == server_der_;
  }
  void OnPeerLeaf(std::string_view der) override { peer_leaf = der; }

  const std::string server_der_;
};

class StreamTest : public testing::Test {
 protected:
  StreamTest() : ctx_(SSL_CTX_new(TLS_with_buffers_method()), SSL_CTX_free) {
    const auto* protocols = reinterpret_cast<const uint8_t*>("\2h2\10http/1.1");
    SSL_CTX_set_alpn_protos(ctx_.get(), protocols, 12);
    const std::string& der = ClientCertificate().certificate->der();
    bssl::UniquePtr<CRYPTO_BUFFER> leaf(
        CRYPTO_BUFFER_new(reinterpret_cast<const uint8_t*>(der.data()), der.size(), nullptr));
    CRYPTO_BUFFER* chain[] = {leaf.get()};
    SSL_CTX_set_chain_and_key(ctx_.get(), chain, 1, ClientCertificate().key->pkey(), nullptr);
    server_.options.client_auth = config::ClientAuthMode::kRequire;
  }

  void Connect(const std::string& trusted = ServerCertificate().certificate->der()) {
    server_.Start();
    client_ =
        std::make_unique<Stream>(server_.loop, std::make_unique<io::MemoryStream>(wire_), ctx_);
    client_->SetHandler(&handler_);
    handshake_ = std::make_unique<ClientHandshake>(*client_, trusted);
    client_->Start(*handshake_);
    handshake_->Begin();
    Pump();
  }
  // Moves bytes and ends until there are none.
  void Pump() {
    while (!wire_->sent.empty() || !server_.wire->sent.empty()) {
      server_.wire->Arrive(std::exchange(wire_->sent, {}));
      wire_->Arrive(std::exchange(server_.wire->sent, {}));
    }
    if (wire_->shutdown) server_.wire->ArriveEnd();
    if (server_.wire->shutdown) wire_->ArriveEnd();
  }

  ServerSide server_;
  std::shared_ptr<SSL_CTX> ctx_;
  std::shared_ptr<io::Wire> wire_ = std::make_shared<io::Wire>();
  io::RecordingHandler handler_;
  std::unique_ptr<ClientHandshake> handshake_;
  std::unique_ptr<Stream> client_;
};

TEST_F(StreamTest, AClientsHandshakeOpensItAndBytesFlowBothWays) {
  Connect();
  ASSERT_EQ(handshake_->done, 1);
  ASSERT_TRUE(server_.peer.has_value());
  EXPECT_EQ(server_.peer->certificate->cn, "alice");
  client_->Write("question");
  client_->Flush();
  Pump();
  EXPECT_EQ(server_.handler.data, "question");
  server_.stream->Write("answer");
  server_.stream->Flush();
  Pump();
  EXPECT_EQ(handler_.data, "answer");
}

TEST_F(StreamTest, BothSidesLearnTheProtocolThatAlpnHasChosen) {
  Connect();
  EXPECT_EQ(client_->alpn(), "http/1.1");
  EXPECT_EQ(server_.stream->alpn(), "http/1.1");
}

TEST_F(StreamTest, AServerChoosesAmongTheProtocolsOfItsContext) {
  server_.options.protocols = {"h2"};
  Connect();
  EXPECT_EQ(client_->alpn(), "h2");
  EXPECT_EQ(server_.stream->alpn(), "h2");
}

TEST_F(StreamTest, AClientsHooksSeeTheServersCertificate) {
  Connect();
  EXPECT_EQ(handshake_->peer_leaf, ServerCertificate().certificate->der());
}

TEST_F(StreamTest, AClientThatRejectsTheServerFailsBothHandshakes) {
  Connect("another certificate");
  EXPECT_EQ(handshake_->done, 0);
  EXPECT_EQ(handshake_->failed, 1);
  ASSERT_TRUE(server_.report.has_value());
  EXPECT_EQ(server_.report->reason, base::HandshakeFailure::kPeerAlert);
  client_->Write("never sent");
  client_->Flush();
  EXPECT_EQ(client_->buffered(), 0u);
}

TEST_F(StreamTest, CloseNotifyEndsEachDirectionByItself) {
  Connect();
  client_->ShutdownWrite();
  Pump();
  EXPECT_EQ(server_.handler.ends, 1);
  server_.stream->Write("still answered");
  server_.stream->ShutdownWrite();
  Pump();
  EXPECT_EQ(handler_.data, "still answered");
  EXPECT_EQ(handler_.ends, 1);
  EXPECT_EQ(handler_.errors + server_.handler.errors, 0);
}

TEST_F(StreamTest, AServerThatLeavesWithoutCloseNotifyIsAnErrorThatNamesTheServer) {
  Connect();
  wire_->ArriveEnd();
  EXPECT_EQ(handler_.ends, 0);
  EXPECT_EQ(handler_.errors, 1);
  EXPECT_EQ(handler_.detail, "the server closed the connection without close_notify");
}

TEST_F(StreamTest, AWriteBeforeTheHandshakeIsCompleteIsIgnored) {
  client_ = std::make_unique<Stream>(server_.loop, std::make_unique<io::MemoryStream>(wire_), ctx_);
  client_->Write("too early");
  client_->Flush();
  EXPECT_EQ(client_->buffered(), 0u);
  EXPECT_EQ(wire_->sent, "");
}

TEST_F(StreamTest, AcknowledgesWhenItIsAskedTo) {
  Connect();
  client_->QuickAck();
  EXPECT_EQ(wire_->quick_acks, 1);
}

}  // namespace
}  // namespace mantlet::tls
