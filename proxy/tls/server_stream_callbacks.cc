// How a ServerStream is hooked into the library, and what the library asks it while it
// shakes hands: which certificate, whether the client's chain is good, and to seal and to
// open tickets.

#include <openssl/bio.h>
#include <openssl/bytestring.h>
#include <openssl/mem.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "proxy/tls/client_hello.h"
#include "proxy/tls/server_stream.h"
#include "proxy/x509/byte_view.h"

namespace mantlet::tls {

// The library calls back with the SSL*; each thunk finds the stream and calls one
// method.
struct ServerStream::Callbacks {
  static ServerStream* Of(const SSL* ssl) {
    return static_cast<ServerStream*>(SSL_get_app_data(ssl));
  }

  static enum ssl_select_cert_result_t SelectCertificate(const SSL_CLIENT_HELLO* hello) {
    ServerStream* self = Of(hello->ssl);
    // The library asks again after some pauses.
    if (!std::exchange(self->hello_seen_, true) && !self->handshake_handler_->OnHandshakeBegins()) {
      return ssl_select_cert_error;
    }
    ClientHello read = ReadClientHello(hello);
    self->attempt_->sni = std::move(read.server_name);
    self->attempt_->offered_version = read.newest_version;
    self->verifiable_ = self->context_->Verifiable(read.offer);
    size_t index = self->context_->Select(self->attempt_->sni, self->verifiable_);
    if (index == SIZE_MAX) return ssl_select_cert_success;  // CheckServerName() refuses it
    self->certificate_index_ = index;
    if (index != 0 && !self->context_->Install(index, hello->ssl)) return ssl_select_cert_error;
    if (!self->context_->Staple(index, hello->ssl)) return ssl_select_cert_error;
    return ssl_select_cert_success;
  }

  // After SelectCertificate; the place where the library lets us choose the alert
  // (RFC 6066 section 3).
  static int CheckServerName(SSL* ssl, int* out_alert, void*) {
    if (Of(ssl)->HasCertificate()) return SSL_TLSEXT_ERR_OK;
    *out_alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }

  // RFC 7301: http/1.1 is what we speak. A client that offers only other protocols is told so
  // instead of being answered in one it does not expect.
  static int SelectProtocol(SSL* ssl, const uint8_t** out, uint8_t* out_size, const uint8_t* in,
                            unsigned in_size, void*) {
    CBS protocols, name;
    CBS_init(&protocols, in, in_size);
    while (CBS_get_u8_length_prefixed(&protocols, &name)) {
      if (x509::View(name) == "http/1.1" || x509::View(name) == "http/1.0") {
        *out = CBS_data(&name);
        *out_size = static_cast<uint8_t>(CBS_len(&name));
        return SSL_TLSEXT_ERR_OK;
      }
    }
    CBS_init(&protocols, in, in_size);
    while (CBS_get_u8_length_prefixed(&protocols, &name)) {
      Of(ssl)->attempt_->protocols.emplace_back(x509::View(name));
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }

  // The library refuses some certificates before it asks Verify(). It has not kept them then, and
  // the record of the failure is to say whose they were.
  static void KeepLeaf(int is_write, int, int content_type, const void* message, size_t size,
                       SSL* ssl, void*) {
    if (is_write != 0 || content_type != SSL3_RT_HANDSHAKE) return;
    ServerStream* self = Of(ssl);
    if (self->attempt_ == nullptr) return;
    CBS in, body, context, list, leaf;
    CBS_init(&in, static_cast<const uint8_t*>(message), size);
    uint8_t type = 0;
    if (!CBS_get_u8(&in, &type) || type != SSL3_MT_CERTIFICATE) return;
    const bool tls13 = SSL_version(ssl) == TLS1_3_VERSION;
    if (CBS_get_u24_length_prefixed(&in, &body) &&
        (!tls13 || CBS_get_u8_length_prefixed(&body, &context)) &&
        CBS_get_u24_length_prefixed(&body, &list) && CBS_get_u24_length_prefixed(&list, &leaf)) {
      self->attempt_->leaf_der = x509::View(leaf);
    }
  }

  static enum ssl_verify_result_t Verify(SSL* ssl, uint8_t* out_alert) {
    return Of(ssl)->VerifyPeer(out_alert) ? ssl_verify_ok : ssl_verify_invalid;
  }

  static size_t MaxTicketOverhead(SSL*) { return SessionTickets::kMaxOverheadBytes; }

  static int SealTicket(SSL* ssl, uint8_t* out, size_t* out_size, size_t max_size,
                        const uint8_t* in, size_t in_size) {
    std::string ticket = Of(ssl)->SealTicket(x509::View(in, in_size));
    // TLS 1.3 has no empty ticket; one that opens nowhere does the same.
    if (ticket.empty() && SSL_version(ssl) == TLS1_3_VERSION) ticket.assign(1, '\0');
    if (ticket.size() > max_size) return 0;
    std::copy(ticket.begin(), ticket.end(), out);
    *out_size = ticket.size();
    return 1;
  }

  static enum ssl_ticket_aead_result_t OpenTicket(SSL* ssl, uint8_t* out, size_t* out_size,
                                                  size_t max_size, const uint8_t* in,
                                                  size_t in_size) {
    std::string session;
    if (!Of(ssl)->OpenTicket(x509::View(in, in_size), &session) || session.size() > max_size) {
      return ssl_ticket_aead_ignore_ticket;
    }
    std::copy(session.begin(), session.end(), out);
    *out_size = session.size();
    OPENSSL_cleanse(session.data(), session.size());
    return ssl_ticket_aead_success;
  }
};

void ServerStream::RegisterCallbacks(ssl_ctx_st* ctx) {
  SSL_CTX_set_select_certificate_cb(ctx, Callbacks::SelectCertificate);
  SSL_CTX_set_tlsext_servername_callback(ctx, Callbacks::CheckServerName);
  SSL_CTX_set_alpn_select_cb(ctx, Callbacks::SelectProtocol, nullptr);
}

void ServerStream::RegisterTicketCallbacks(ssl_ctx_st* ctx) {
  static constexpr SSL_TICKET_AEAD_METHOD kMethod = {Callbacks::MaxTicketOverhead,
                                                     Callbacks::SealTicket, Callbacks::OpenTicket};
  SSL_CTX_set_ticket_aead_method(ctx, &kMethod);
}

// Null where the library has no memory.
ssl_st* ServerStream::NewSsl() {
  SSL* ssl = SSL_new(context_->ssl_ctx());
  BIO* bio = transport_.NewBio();
  if (ssl == nullptr || bio == nullptr) {
    SSL_free(ssl);
    BIO_free(bio);
    return nullptr;
  }
  SSL_set_app_data(ssl, this);
  SSL_set_accept_state(ssl);
  SSL_set_shed_handshake_config(ssl, 1);
  int mode = SSL_VERIFY_NONE;
  if (context_->options().client_auth != config::ClientAuthMode::kNone) mode = SSL_VERIFY_PEER;
  if (context_->options().client_auth == config::ClientAuthMode::kRequire) {
    mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  SSL_set_custom_verify(ssl, mode, Callbacks::Verify);
  if (mode != SSL_VERIFY_NONE) SSL_set_msg_callback(ssl, Callbacks::KeepLeaf);
  SSL_set_bio(ssl, bio, bio);
  return ssl;
}

bool ServerStream::HasCertificate() const {
  return context_->Select(attempt_->sni, verifiable_) != SIZE_MAX;
}

// Called by the library where it would give the client a ticket: after its chain was
// found good, or after a resumption. Empty: none.
std::string ServerStream::SealTicket(std::string_view session) {
  // Without this extension the keys of a TLS 1.2 session say nothing about who was
  // at its other end (RFC 7627 section 5.3).
  if (SSL_get_extms_support(ssl_) != 1) return {};
  // Whoever was let in without having verified is judged anew each time.
  if (!SSL_session_reused(ssl_) && !attempt_->client.verdict.ok()) return {};
  const base::Clock& clock = *context_->options().clock;
  SessionTickets& tickets = *context_->tickets();
  if (SSL_session_reused(ssl_)) {
    // The terms stay those of the full handshake.
    return tickets.Seal(attempt_->resumption->terms, session, clock.MonotonicMs());
  }
  const int64_t valid_until = attempt_->client.certificate != nullptr
                                  ? attempt_->client.verdict.valid_until
                                  : std::numeric_limits<int64_t>::max();
  return tickets.Seal(tickets.NewTerms(clock.WallSeconds(), valid_until, attempt_->sni), session,
                      clock.MonotonicMs());
}

bool ServerStream::OpenTicket(std::string_view ticket, std::string* session) {
  refusal_ = JudgeTicket(*context_, verified_, ticket, attempt_->sni, &attempt_->resumption);
  if (refusal_.has_value()) return false;
  *session = std::move(attempt_->resumption->session);
  return true;
}

}  // namespace mantlet::tls
