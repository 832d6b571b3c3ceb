// What the library asks a ServerStream during its handshake: which certificate, which protocol,
// whether the client's chain is valid, and to seal and to open tickets.

#include <openssl/bio.h>
#include <openssl/bytestring.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "proxy/tls/client_hello.h"
#include "proxy/tls/handshake_diagnosis.h"
#include "proxy/tls/peer_chain.h"
#include "proxy/tls/server_stream.h"
#include "proxy/x509/byte_view.h"

namespace mantlet::tls {

// Null where the library has no memory.
ssl_st* ServerStream::NewSsl() {
  SSL* ssl = SSL_new(context_->ssl_ctx());
  BIO* bio = transport_.NewBio();
  if (ssl == nullptr || bio == nullptr) {
    SSL_free(ssl);
    BIO_free(bio);
    return nullptr;
  }
  SSL_set_accept_state(ssl);
  SSL_set_shed_handshake_config(ssl, 1);
  int mode = SSL_VERIFY_NONE;
  if (context_->options().client_auth != config::ClientAuthMode::kNone) mode = SSL_VERIFY_PEER;
  if (context_->options().client_auth == config::ClientAuthMode::kRequire) {
    mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  SetHooks(ssl, this, mode);
  SSL_set_bio(ssl, bio, bio);
  return ssl;
}

bool ServerStream::OnClientHello(const ssl_early_callback_ctx* hello) {
  // The library asks again after some pauses.
  if (!std::exchange(hello_seen_, true) && !handshake_handler_->OnHandshakeBegins()) return false;
  ClientHello read = ReadClientHello(hello);
  attempt_->sni = std::move(read.server_name);
  attempt_->offered_version = read.newest_version;
  verifiable_ = context_->Verifiable(read.offer);
  const size_t index = context_->Select(attempt_->sni, verifiable_);
  if (index == SIZE_MAX) return true;  // HasCertificate() refuses it
  certificate_index_ = index;
  if (index != 0 && !context_->Install(index, hello->ssl)) return false;
  return context_->Staple(index, hello->ssl);
}

bool ServerStream::HasCertificate() const {
  return context_->Select(attempt_->sni, verifiable_) != SIZE_MAX;
}

// A client that offers only other protocols gets an alert, instead of being answered in one it
// does not expect.
std::string_view ServerStream::SelectProtocol(std::string_view offered) {
  const std::vector<std::string>& spoken = context_->options().protocols;
  CBS protocols, name;
  CBS_init(&protocols, x509::Data(offered), offered.size());
  while (CBS_get_u8_length_prefixed(&protocols, &name)) {
    if (std::find(spoken.begin(), spoken.end(), x509::View(name)) != spoken.end()) {
      return x509::View(name);
    }
  }
  CBS_init(&protocols, x509::Data(offered), offered.size());
  while (CBS_get_u8_length_prefixed(&protocols, &name)) {
    attempt_->protocols.emplace_back(x509::View(name));
  }
  return {};
}

// The library refuses some certificates before it asks VerifyPeer(). It has not kept them then,
// and the record of the failure is to say whose they were.
void ServerStream::OnPeerLeaf(std::string_view der) {
  if (attempt_ != nullptr) attempt_->leaf_der = der;
}

bool ServerStream::VerifyPeer(uint8_t* alert) {
  const int64_t now = context_->options().clock->WallSeconds();
  attempt_->client =
      verified_.Check(*context_->verifier(), PeerChain(SSL_get0_peer_certificates(ssl_)), now);
  const verify::VerifyResult& verdict = attempt_->client.verdict;
  if (!verdict.ok()) {
    // Under `request` the client goes on without an identity. Whether it has the key of the
    // certificate that it showed is checked in either case.
    if (context_->options().client_auth == config::ClientAuthMode::kRequest) return true;
    attempt_->refused = true;
    *alert = AlertFor(*verdict.failure);
    return false;
  }
  if (SessionTickets* tickets = context_->tickets()) {
    // What the client is told of its session's lifetime, and what the library itself
    // holds renewals to.
    const int64_t left = std::min(tickets->lifetime_seconds(), verdict.valid_until - now);
    SSL_SESSION_set_timeout(SSL_get_session(ssl_), static_cast<uint32_t>(left));
  }
  return true;
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
