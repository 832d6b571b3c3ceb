// ServerHandshake is the server's side of a TLS handshake over a Stream. It chooses the
// certificate, verifies the client's, resumes sessions, and reports the outcome to a Handler: the
// client's identity or a HandshakeReport. One loop's thread only.

#ifndef MANTLET_PROXY_TLS_SERVER_HANDSHAKE_H_
#define MANTLET_PROXY_TLS_SERVER_HANDSHAKE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/resumption_refusal.h"
#include "proxy/identity/peer_identity.h"
#include "proxy/tls/handshake_hooks.h"
#include "proxy/tls/handshake_report.h"
#include "proxy/tls/resumption.h"
#include "proxy/tls/server_context.h"
#include "proxy/tls/stream.h"
#include "proxy/verify/client_check.h"
#include "proxy/verify/client_verdict_cache.h"

namespace mantlet::tls {

class ServerHandshake final : public Handshake, private HandshakeHooks {
 public:
  class Handler {
   public:
    // A part of the ClientHello has arrived. Called at most once.
    virtual void OnPartialHello() {}
    // The ClientHello is complete and has not been processed yet. Returns false if the handler has
    // closed the connection, without destroying the stream. Called from inside the library.
    virtual bool OnHandshakeBegins() { return true; }
    // The client's certificate is not valid, but the client is accepted (client_auth.mode request).
    // OnHandshakeDone() follows, with an identity without certificate. `report` contains the reason
    // and the certificate at fault. Must not destroy the stream.
    virtual void OnCertificateNotVerified(const HandshakeReport&) {}
    // The handshake is complete. Bytes may follow at once, through the ByteStreamHandler.
    virtual void OnHandshakeDone(identity::PeerIdentity identity) = 0;
    // The handshake has failed and the alert is being sent; further input is discarded. The owner
    // closes the connection a moment later, so that a reset does not overtake the alert.
    virtual void OnHandshakeFailed(HandshakeReport report) = 0;

   protected:
    ~Handler() = default;
  };

  // `stream` was made from the context's ssl_ctx(). `verdicts` (of the same thread) and `handler`
  // must outlive the handshake.
  ServerHandshake(Stream& stream, ServerContextPtr context, verify::ClientVerdictCache& verdicts,
                  Handler* handler);

  // Returns the index of the context's certificate that was sent.
  size_t certificate_index() const { return certificate_index_; }
  // Returns the keys whose certificates the client can verify.
  x509::LeafKeySet verifiable() const { return verifiable_; }
  const ServerContext& context() const { return *context_; }
  // Returns why the client's ticket was not accepted; nullopt if it sent none or it was accepted.
  // Set once the ClientHello has been read.
  std::optional<base::ResumptionRefusal> resumption_refusal() const { return refusal_; }
  // Returns the report of an incomplete handshake that the caller ends.
  HandshakeReport Report(base::HandshakeFailure reason, std::string detail) const;

 private:
  enum class Hello : uint8_t { kNone, kPartial, kWhole };
  // Attempt holds the data of the handshake that an open connection no longer needs.
  struct Attempt {
    std::string sni;
    uint16_t offered_version = 0;          // the newest that the ClientHello lists
    std::vector<std::string> protocols;    // offered (ALPN), if none of them is supported
    std::string leaf_der;                  // from the Certificate message, before validation
    verify::ClientCheck client;            // the check of the client's chain
    bool refused = false;                  // the handshake fails with the verdict of `client`
    std::optional<Resumption> resumption;  // from an accepted ticket
  };

  // Handshake
  void OnInput(std::string_view arrived) override;
  void OnNoMemory() override;
  void OnTransportEnd() override;
  void OnTransportError(const io::StreamError& error) override;
  // HandshakeHooks; server_handshake_hooks.cc
  bool OnClientHello(const ssl_early_callback_ctx* hello) override;
  bool HasCertificate() const override;
  std::string_view SelectProtocol(std::string_view offered) override;
  void OnPeerLeaf(std::string_view der) override;
  bool VerifyPeer(uint8_t* alert) override;
  std::string SealTicket(std::string_view session) override;
  bool OpenTicket(std::string_view ticket, std::string* session) override;

  bool hello_seen() const { return hello_ == Hello::kWhole; }
  void Finish();
  void FailWith(HandshakeReport report);
  identity::PeerIdentity TakeIdentity();
  HandshakeReport ReportVerdict() const;  // about the chain that the client presented
  // Reports this thread's error queue. `arrived` is the input that the library received.
  HandshakeReport ReportLibraryError(std::string_view arrived);

  const ServerContextPtr context_;
  verify::ClientVerdictCache& verdicts_;
  Handler* const handler_;
  Hello hello_ = Hello::kNone;
  x509::LeafKeySet verifiable_;
  size_t certificate_index_ = 0;
  std::optional<base::ResumptionRefusal> refusal_;
  std::unique_ptr<Attempt> attempt_ = std::make_unique<Attempt>();  // null once it is complete
};

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_SERVER_HANDSHAKE_H_
