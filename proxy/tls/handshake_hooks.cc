#include "proxy/tls/handshake_hooks.h"

#include <openssl/bytestring.h>
#include <openssl/mem.h>
#include <openssl/ssl.h>

#include <algorithm>

#include "proxy/tls/session_tickets.h"
#include "proxy/x509/byte_view.h"

namespace mantlet::tls {
namespace {

HandshakeHooks* HooksOf(const SSL* ssl) {
  return static_cast<HandshakeHooks*>(SSL_get_app_data(ssl));
}

enum ssl_select_cert_result_t OnClientHello(const SSL_CLIENT_HELLO* hello) {
  return HooksOf(hello->ssl)->OnClientHello(hello) ? ssl_select_cert_success
                                                   : ssl_select_cert_error;
}

// The library lets us choose the alert only in this callback.
int CheckServerName(SSL* ssl, int* out_alert, void*) {
  if (HooksOf(ssl)->HasCertificate()) return SSL_TLSEXT_ERR_OK;
  *out_alert = SSL_AD_UNRECOGNIZED_NAME;
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int SelectProtocol(SSL* ssl, const uint8_t** out, uint8_t* out_size, const uint8_t* in,
                   unsigned in_size, void*) {
  const std::string_view chosen = HooksOf(ssl)->SelectProtocol(x509::View(in, in_size));
  if (chosen.empty()) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = x509::Data(chosen);
  *out_size = static_cast<uint8_t>(chosen.size());
  return SSL_TLSEXT_ERR_OK;
}

enum ssl_verify_result_t VerifyPeer(SSL* ssl, uint8_t* out_alert) {
  return HooksOf(ssl)->VerifyPeer(out_alert) ? ssl_verify_ok : ssl_verify_invalid;
}

void FindPeerLeaf(int is_write, int, int content_type, const void* message, size_t size, SSL* ssl,
                  void*) {
  if (is_write != 0 || content_type != SSL3_RT_HANDSHAKE) return;
  CBS in, body, context, list, leaf;
  CBS_init(&in, static_cast<const uint8_t*>(message), size);
  uint8_t type = 0;
  if (!CBS_get_u8(&in, &type) || type != SSL3_MT_CERTIFICATE) return;
  const bool tls13 = SSL_version(ssl) == TLS1_3_VERSION;
  if (CBS_get_u24_length_prefixed(&in, &body) &&
      (!tls13 || CBS_get_u8_length_prefixed(&body, &context)) &&
      CBS_get_u24_length_prefixed(&body, &list) && CBS_get_u24_length_prefixed(&list, &leaf)) {
    HooksOf(ssl)->OnPeerLeaf(x509::View(leaf));
  }
}

size_t MaxTicketOverhead(SSL*) { return SessionTickets::kMaxOverheadBytes; }

int SealTicket(SSL* ssl, uint8_t* out, size_t* out_size, size_t max_size, const uint8_t* in,
               size_t in_size) {
  std::string ticket = HooksOf(ssl)->SealTicket(x509::View(in, in_size));
  // TLS 1.3 does not allow an empty ticket; one that cannot be opened has the same effect.
  if (ticket.empty() && SSL_version(ssl) == TLS1_3_VERSION) ticket.assign(1, '\0');
  if (ticket.size() > max_size) return 0;
  std::copy(ticket.begin(), ticket.end(), out);
  *out_size = ticket.size();
  return 1;
}

enum ssl_ticket_aead_result_t OpenTicket(SSL* ssl, uint8_t* out, size_t* out_size, size_t max_size,
                                         const uint8_t* in, size_t in_size) {
  std::string session;
  if (!HooksOf(ssl)->OpenTicket(x509::View(in, in_size), &session) || session.size() > max_size) {
    return ssl_ticket_aead_ignore_ticket;
  }
  std::copy(session.begin(), session.end(), out);
  *out_size = session.size();
  OPENSSL_cleanse(session.data(), session.size());
  return ssl_ticket_aead_success;
}

}  // namespace

void InstallServerHooks(ssl_ctx_st* ctx) {
  SSL_CTX_set_select_certificate_cb(ctx, OnClientHello);
  SSL_CTX_set_tlsext_servername_callback(ctx, CheckServerName);
  SSL_CTX_set_alpn_select_cb(ctx, SelectProtocol, nullptr);
}

void InstallTicketHooks(ssl_ctx_st* ctx) {
  static constexpr SSL_TICKET_AEAD_METHOD kMethod = {MaxTicketOverhead, SealTicket, OpenTicket};
  SSL_CTX_set_ticket_aead_method(ctx, &kMethod);
}

void SetHooks(ssl_st* ssl, HandshakeHooks* hooks, int verify_mode) {
  SSL_set_app_data(ssl, hooks);
  SSL_set_custom_verify(ssl, verify_mode, VerifyPeer);
  if (verify_mode != SSL_VERIFY_NONE) SSL_set_msg_callback(ssl, FindPeerLeaf);
}

void RemovePeerLeafHook(ssl_st* ssl) { SSL_set_msg_callback(ssl, nullptr); }

}  // namespace mantlet::tls
