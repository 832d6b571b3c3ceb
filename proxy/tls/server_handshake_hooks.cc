// The hooks of a ServerHandshake: they choose the certificate and the protocol, verify the client's
// chain, and seal and open tickets.

#include <openssl/bytestring.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "proxy/tls/client_hello.h"
#include "proxy/tls/handshake_diagnosis.h"
#include "proxy/tls/peer_chain.h"
#include "proxy/tls/server_handshake.h"
#include "proxy/x509/byte_view.h"

namespace mantlet::tls {

bool ServerHandshake::OnClientHello(const ssl_early_callback_ctx* hello) {
  // The library calls this again after some pauses.
  if (std::exchange(hello_, Hello::kWhole) != Hello::kWhole && !handler_->OnHandshakeBegins())
    return false;
  ClientHello read = ReadClientHello(hello);
  attempt_->sni = std::move(read.server_name);
  attempt_->offered_version = read.newest_version;
  verifiable_ = context_->Verifiable(read.offer);
  const size_t index = context_->Select(attempt_->sni, verifiable_);
  if (index == SIZE_MAX) return true;  // HasCertificate() rejects it
  certificate_index_ = index;
  if (index != 0 && !context_->Install(index, hello->ssl)) return false;
  return context_->Staple(index, hello->ssl);
}

bool ServerHandshake::HasCertificate() const {
  return context_->Select(attempt_->sni, verifiable_) != SIZE_MAX;
}

// A client that offers only unsupported protocols gets an alert instead of a response in a protocol
// that it does not expect.
std::string_view ServerHandshake::SelectProtocol(std::string_view offered) {
  const std::vector<std::string>& spoken = context_->options().protocols;
  auto best = spoken.end();
  CBS protocols, name;
  CBS_init(&protocols, x509::Data(offered), offered.size());
  while (CBS_get_u8_length_prefixed(&protocols, &name)) {
    best = std::find(spoken.begin(), best, x509::View(name));
  }
  if (best != spoken.end()) return *best;
  CBS_init(&protocols, x509::Data(offered), offered.size());
  while (CBS_get_u8_length_prefixed(&protocols, &name)) {
    attempt_->protocols.emplace_back(x509::View(name));
  }
  return {};
}

// The library rejects some certificates before it calls VerifyPeer() and does not keep them. The
// record of the failure needs the certificate.
void ServerHandshake::OnPeerLeaf(std::string_view der) {
  if (attempt_ != nullptr) attempt_->leaf_der = der;
}

bool ServerHandshake::VerifyPeer(uint8_t* alert) {
  const int64_t now = context_->options().clock->WallSeconds();
  attempt_->client =
      verdicts_.Check(*context_->verifier(), PeerChain(SSL_get0_peer_certificates(ssl())), now);
  const verify::VerifyResult& verdict = attempt_->client.verdict;
  if (!verdict.ok()) {
    // In `request` mode the client continues without an identity. The library still checks that the
    // client has the key of its certificate.
    if (context_->options().client_auth == config::ClientAuthMode::kRequest) return true;
    attempt_->refused = true;
    *alert = AlertFor(*verdict.failure);
    return false;
  }
  if (SessionTickets* tickets = context_->tickets()) {
    // The lifetime of the session that is sent to the client. The library also limits renewals to
    // it.
    const int64_t left = std::min(tickets->lifetime_seconds(), verdict.valid_until - now);
    SSL_SESSION_set_timeout(SSL_get_session(ssl()), static_cast<uint32_t>(left));
  }
  return true;
}

// The library calls this when it would issue a ticket: after the client's chain was verified, or
// after a resumption.
std::string ServerHandshake::SealTicket(std::string_view session) {
  // Without the extended master secret, the keys of a TLS 1.2 session do not authenticate its peer
  // (RFC 7627 section 5.3).
  if (SSL_get_extms_support(ssl()) != 1) return {};
  // A client that was accepted without a valid chain is verified in each handshake.
  if (!SSL_session_reused(ssl()) && !attempt_->client.verdict.ok()) return {};
  const base::Clock& clock = *context_->options().clock;
  SessionTickets& tickets = *context_->tickets();
  if (SSL_session_reused(ssl())) {
    // The terms of the full handshake still apply.
    return tickets.Seal(attempt_->resumption->terms, session, clock.MonotonicMs());
  }
  const int64_t valid_until = attempt_->client.certificate != nullptr
                                  ? attempt_->client.verdict.valid_until
                                  : std::numeric_limits<int64_t>::max();
  return tickets.Seal(tickets.NewTerms(clock.WallSeconds(), valid_until, attempt_->sni), session,
                      clock.MonotonicMs());
}

bool ServerHandshake::OpenTicket(std::string_view ticket, std::string* session) {
  refusal_ = ValidateTicket(*context_, verdicts_, ticket, attempt_->sni, &attempt_->resumption);
  if (refusal_.has_value()) return false;
  *session = std::move(attempt_->resumption->session);
  return true;
}

}  // namespace mantlet::tls
