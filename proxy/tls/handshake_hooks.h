// HandshakeHooks is what the TLS library calls while a handshake runs: a context installs the
// functions once, and each of them finds the hooks of its connection through SSL_get_app_data().
// So contexts know nothing of those who drive handshakes.
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
  // Verifies the chain that the peer has sent. Returns whether the handshake goes on; sets
  // `alert` otherwise.
  virtual bool VerifyPeer(uint8_t* alert) = 0;
  // Receives the first certificate of the peer's Certificate message, as DER, before the library
  // has examined it.
  virtual void OnPeerLeaf(std::string_view der) = 0;

  // A server's hooks. A client's handshake is never asked, and these fail the handshake.

  // The ClientHello is whole: chooses the certificate. Returns whether the handshake goes on. The
  // library may ask again after a pause.
  virtual bool OnClientHello(const ssl_early_callback_ctx*) { return false; }
  // Whether a certificate can be shown for the server name (RFC 6066 section 3); comes after
  // OnClientHello(). False: the client gets the alert unrecognized_name.
  virtual bool HasCertificate() const { return false; }
  // Chooses one of the protocols that the client offers by ALPN, a ProtocolNameList without its
  // length (RFC 7301 section 3.1). Returns a view into `offered`; empty: the client gets the
  // alert no_application_protocol.
  virtual std::string_view SelectProtocol(std::string_view /*offered*/) { return {}; }
  // Makes a ticket of the library's session; empty: the client gets none.
  virtual std::string SealTicket(std::string_view /*session*/) { return {}; }
  // Opens a ticket and sets the library's session. False: the handshake becomes a full one.
  virtual bool OpenTicket(std::string_view /*ticket*/, std::string* /*session*/) { return false; }

 protected:
  ~HandshakeHooks() = default;
};

// Installs the hooks of a server: OnClientHello, HasCertificate and SelectProtocol.
void InstallServerHooks(ssl_ctx_st* ctx);
// Installs SealTicket and OpenTicket.
void InstallTicketHooks(ssl_ctx_st* ctx);

// Makes `hooks` those of the connection and installs VerifyPeer and OnPeerLeaf. `verify_mode` is
// that of SSL_set_custom_verify(). `hooks` outlives `ssl`.
void SetHooks(ssl_st* ssl, HandshakeHooks* hooks, int verify_mode);
// Ends the calls of OnPeerLeaf, which would cost a look at each record: for the end of the
// handshake.
void RemovePeerLeafHook(ssl_st* ssl);

}  // namespace mantlet::tls

#endif  // MANTLET_PROXY_TLS_HANDSHAKE_HOOKS_H_
