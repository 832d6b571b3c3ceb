// The server side of TLS over another ByteStream, itself a ByteStream of the
// plaintext. First the handshake, whose outcome goes to the HandshakeHandler;
// then bytes. One loop's thread only.
//
// Ciphertext is decrypted straight out of the loop's read buffer and encrypted
// straight into the inner stream's: an idle connection holds no buffer of ours
// and, its handshake state shed, little of the library's.

#ifndef MANTLET_PROXY_TLS_SERVER_STREAM_H_
#define MANTLET_PROXY_TLS_SERVER_STREAM_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/resumption_refusal.h"
#include "proxy/identity/peer_identity.h"
#include "proxy/io/byte_stream.h"
#include "proxy/io/loop.h"
#include "proxy/tls/handshake_hooks.h"
#include "proxy/tls/handshake_report.h"
#include "proxy/tls/resumption.h"
#include "proxy/tls/server_context.h"
#include "proxy/tls/transport_bio.h"
#include "proxy/verify/client_check.h"
#include "proxy/verify/verified_clients.h"

struct ssl_st;  // SSL

namespace mantlet::tls {

class ServerStream final : public io::ByteStream,
                           private io::ByteStreamHandler,
                           private TransportBio::Output,
                           private HandshakeHooks {
 public:
  class HandshakeHandler {
   public:
    // A part of the ClientHello has come, and not the whole. At most once.
    virtual void OnPartialHello() {}
    // The ClientHello is whole; nothing has been done with it yet. False: the handler has
    // ended the connection, without destroying the stream. Called from inside the library.
    virtual bool OnHandshakeBegins() { return true; }
    // The client has shown a certificate that does not verify, and is let in all the same
    // (client_auth.mode request): OnHandshakeDone() follows, with an identity without certificate.
    // `report` has the reason and the certificate at fault. The stream is not destroyed in it.
    virtual void OnCertificateNotVerified(const HandshakeReport&) {}
    // Bytes may follow at once, through the ByteStreamHandler.
    virtual void OnHandshakeDone(identity::PeerIdentity identity) = 0;
    // The alert is on its way; what still arrives is discarded. The owner closes
    // when it thinks best (a moment later, so that the alert is not overtaken by
    // a reset).
    virtual void OnHandshakeFailed(HandshakeReport report) = 0;

   protected:
    ~HandshakeHandler() = default;
  };

  // Begins to read at once; where there is no memory for a connection, the handshake
  // fails before the loop's turn is over. `verified` (of the same thread), `handler` and
  // the ByteStreamHandler outlive the stream.
  ServerStream(io::Loop& loop, std::unique_ptr<io::ByteStream> inner, ServerContextPtr context,
               verify::VerifiedClients& verified, HandshakeHandler* handler);
  ~ServerStream() override;

  void SetHandler(io::ByteStreamHandler* handler) override { handler_ = handler; }
  void SetReading(bool reading) override;
  void Write(std::string_view bytes) override;
  void Flush() override;
  size_t buffered() const override { return plaintext_.size() + inner_->buffered(); }
  bool IsQuiet() const override { return inner_->IsQuiet(); }
  size_t untaken() const override { return plaintext_.size() + inner_->untaken(); }
  void ShutdownWrite() override;
  void Close() override;
  // Without close_notify, and with a reset: an incomplete message cannot look whole.
  void Abort() override;

  // The protocol that ALPN has chosen; empty: none. Valid as long as the stream.
  std::string_view alpn() const;
  // Which of the context's certificates was shown.
  size_t certificate_index() const { return certificate_index_; }
  // The keys whose certificates the client can verify.
  x509::LeafKeySet verifiable() const { return verifiable_; }
  const ServerContext& context() const { return *context_; }
  // What is known so far, for a handshake that is given up from outside.
  HandshakeReport Report(base::HandshakeFailure reason, std::string detail) const;

  // Why the ticket that the client came with was not taken; none: it had none, or it
  // was. Set once the ClientHello has been read.
  std::optional<base::ResumptionRefusal> resumption_refusal() const { return refusal_; }

 private:
  enum class State { kHandshake, kOpen, kFailed, kClosed };
  // What a handshake gathers; an open connection has no use for it.
  struct Attempt {
    std::string sni;
    uint16_t offered_version = 0;          // the newest that the ClientHello names
    std::vector<std::string> protocols;    // offered (ALPN), if none of them is spoken here
    std::string leaf_der;                  // of the Certificate message, before anything was judged
    verify::ClientCheck client;            // of the chain it presented
    bool refused = false;                  // for what `client` says
    std::optional<Resumption> resumption;  // of a ticket that was found good
  };

  // io::ByteStreamHandler
  void OnData(std::string_view bytes) override;
  void OnEnd() override;
  void OnStreamError(const io::StreamError& error) override;
  void OnDrained() override;
  // TransportBio::Output
  void OnCiphertext(std::string_view bytes) override { inner_->Write(bytes); }
  // HandshakeHooks; server_stream_hooks.cc
  bool OnClientHello(const ssl_early_callback_ctx* hello) override;
  bool HasCertificate() const override;
  std::string_view SelectProtocol(std::string_view offered) override;
  void OnPeerLeaf(std::string_view der) override;
  bool VerifyPeer(uint8_t* alert) override;
  std::string SealTicket(std::string_view session) override;
  bool OpenTicket(std::string_view ticket, std::string* session) override;

  ssl_st* NewSsl();
  void Advance();  // as far as the ciphertext at hand leads
  void Handshake();
  void ReadAll(const bool& alive);
  void DeliverEnd();
  void OnDeferred();
  void ResumeHeld();
  void KeepRest();  // ciphertext that must wait moves out of the loop's buffer
  void FailHandshake(HandshakeReport report);
  void FailStream(std::string detail);
  void Encrypt(std::string_view bytes);
  identity::PeerIdentity TakeIdentity();
  void AnswerPlaintextHttp();
  HandshakeReport ReportVerdict() const;  // of the chain that the client presented
  // Of this thread's error queue. `arrived`: what the library was given.
  HandshakeReport ReportLibraryError(std::string_view arrived);

  io::Loop& loop_;
  std::unique_ptr<io::ByteStream> inner_;
  ServerContextPtr context_;
  verify::VerifiedClients& verified_;
  HandshakeHandler* handshake_handler_;
  io::ByteStreamHandler* handler_ = nullptr;
  TransportBio transport_{this};  // its input: what the current call brought
  ssl_st* ssl_;                   // null: no handshake will be
  // Set: bytes of ours are lost, and the stream is about to fail for this reason.
  std::unique_ptr<const std::string> write_error_;
  io::DeferredCall deferred_;
  State state_ = State::kHandshake;
  bool reading_ = true;
  bool end_pending_ = false;
  bool end_delivered_ = false;
  bool partial_hello_ = false;  // OnPartialHello() was called
  bool hello_seen_ = false;
  bool shutdown_sent_ = false;
  size_t certificate_index_ = 0;
  x509::LeafKeySet verifiable_;
  std::string held_;       // ciphertext that the library has not taken, kept over a pause
  std::string plaintext_;  // written, not yet encrypted: fills whole records
  std::optional<base::ResumptionRefusal> refusal_;
  std::unique_ptr<Attempt> attempt_ = std::make_unique<Attempt>();  // until the handshake is done
  // Tells those on the stack that a handler has destroyed the stream.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_SERVER_STREAM_H_
