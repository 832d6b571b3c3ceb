// HandshakeHooks is the interface that the TLS library calls during a handshake. A context installs
// the callbacks once, and each of them finds the hooks of its connection through
// SSL_get_app_data(). So contexts do not depend on the classes that drive handshakes.
//
// A hook is called from inside SSL_do_handshake(), on the thread of that call, and must not
// destroy the SSL.

#ifndef MANTLET_PROXY_TLS_HANDSHAKE_HOOKS_H_
#define MANTLET_PROXY_TLS_HANDSHAKE_HOOKS_H_

#include <cstdint>
#include <string>
#include <string_view>

// SSL, SSL_CTX, SSL_CLIENT_HELLO. NOLINTBEGIN(readability-identifier-naming): the library's.
struct ssl_st;
struct ssl_ctx_st;
struct ssl_early_callback_ctx;
// NOLINTEND(readability-identifier-naming)

namespace mantlet::tls {

class HandshakeHooks {
 public:
  // Verifies the chain that the peer has sent. Returns whether the handshake continues; sets
  // `alert` if it does not.
  virtual bool VerifyPeer(uint8_t* alert) = 0;
  // Receives the first certificate of the peer's Certificate message, as DER, before the library
  // validates it.
  virtual void OnPeerLeaf(std::string_view der) = 0;

  // The hooks of a server follow. They are never called in a client's handshake, and fail it by
  // default.

  // Called when the ClientHello is complete, to choose the certificate. Returns whether the
  // handshake continues. The library may call it again after a pause.
  virtual bool OnClientHello(const ssl_early_callback_ctx*) { return false; }
  // Returns whether there is a certificate for the server name (RFC 6066 section 3). Called after
  // OnClientHello(). If it returns false, the client gets the alert unrecognized_name.
  virtual bool HasCertificate() const { return false; }
  // Chooses one of the protocols that the client offers by ALPN: a ProtocolNameList without its
  // length (RFC 7301 section 3.1). Returns a view into `offered`; if it is empty, the client gets
  // the alert no_application_protocol.
  virtual std::string_view SelectProtocol(std::string_view /*offered*/) { return {}; }
  // Returns a ticket for the library's session. If it is empty, the client gets none.
  virtual std::string SealTicket(std::string_view /*session*/) { return {}; }
  // Opens a ticket and sets the library's session. If it returns false, a full handshake follows.
  virtual bool OpenTicket(std::string_view /*ticket*/, std::string* /*session*/) { return false; }

 protected:
  ~HandshakeHooks() = default;
};

// Installs the hooks of a server: OnClientHello, HasCertificate and SelectProtocol.
void InstallServerHooks(ssl_ctx_st* ctx);
// Installs SealTicket and OpenTicket.
void InstallTicketHooks(ssl_ctx_st* ctx);

// Sets the hooks of the connection and installs VerifyPeer and OnPeerLeaf. `verify_mode` is the
// mode of SSL_set_custom_verify(). `hooks` must outlive `ssl`.
void SetHooks(ssl_st* ssl, HandshakeHooks* hooks, int verify_mode);
// Removes OnPeerLeaf, which costs a callback for each record. Call it at the end of the handshake.
void RemovePeerLeafHook(ssl_st* ssl);

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_HANDSHAKE_HOOKS_H_
