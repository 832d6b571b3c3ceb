#include "proxy/tls/server_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proxy/tls/openssl_errors.h"

namespace mantlet::tls {
namespace {

using base::HandshakeFailure;

constexpr size_t kRecordBytes = SSL3_RT_MAX_PLAIN_LENGTH;

// What a browser or curl shows when somebody forgot the s in https.
constexpr std::string_view kPlaintextAnswer =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 67\r\n"
    "Connection: close\r\n\r\n"
    "mantlet: this port speaks TLS; use https:// (a plain request came)\n";

uint8_t AlertFor(HandshakeFailure failure) {
  switch (failure) {
    case HandshakeFailure::kUnknownCa:
    case HandshakeFailure::kPathTooLong:
      return SSL_AD_UNKNOWN_CA;
    case HandshakeFailure::kExpired:
    case HandshakeFailure::kNotYetValid:
      return SSL_AD_CERTIFICATE_EXPIRED;
    case HandshakeFailure::kRevoked:
      return SSL_AD_CERTIFICATE_REVOKED;
    case HandshakeFailure::kWrongPurpose:
      return SSL_AD_UNSUPPORTED_CERTIFICATE;
    case HandshakeFailure::kCrlMissing:
    case HandshakeFailure::kCrlExpired:
      return SSL_AD_CERTIFICATE_UNKNOWN;
    default:
      return SSL_AD_BAD_CERTIFICATE;
  }
}

// The newest version that a ClientHello offers, GREASE left out (RFC 8446 section
// 4.2.1, RFC 8701).
uint16_t NewestVersion(const SSL_CLIENT_HELLO* hello) {
  const uint8_t* list = nullptr;
  size_t size = 0;
  if (!SSL_early_callback_ctx_extension_get(hello, TLSEXT_TYPE_supported_versions, &list, &size)) {
    return hello->version;
  }
  uint16_t newest = 0;
  for (size_t i = 1; i + 1 < size; i += 2) {
    const uint16_t version = static_cast<uint16_t>(list[i] << 8 | list[i + 1]);
    if ((version & 0x0f0f) != 0x0a0a) newest = std::max(newest, version);
  }
  return newest;
}

std::string VersionText(uint16_t version) {
  switch (version) {
    case SSL3_VERSION:
      return "SSLv3";
    case TLS1_VERSION:
      return "TLSv1";
    case TLS1_1_VERSION:
      return "TLSv1.1";
    case TLS1_2_VERSION:
      return "TLSv1.2";
    case TLS1_3_VERSION:
      return "TLSv1.3";
    default:
      return "";
  }
}

std::optional<std::string_view> Extension(const SSL_CLIENT_HELLO* hello, uint16_t type) {
  const uint8_t* body = nullptr;
  size_t size = 0;
  if (!SSL_early_callback_ctx_extension_get(hello, type, &body, &size)) return std::nullopt;
  return std::string_view(reinterpret_cast<const char*>(body), size);
}

ClientOffer OfferOf(const SSL_CLIENT_HELLO* hello) {
  ClientOffer offer;
  offer.cipher_suites = {reinterpret_cast<const char*>(hello->cipher_suites),
                         hello->cipher_suites_len};
  offer.signature_algorithms = Extension(hello, TLSEXT_TYPE_signature_algorithms);
  offer.supported_groups = Extension(hello, TLSEXT_TYPE_supported_groups);
  offer.supported_versions = Extension(hello, TLSEXT_TYPE_supported_versions);
  return offer;
}

}  // namespace

// The library calls back with the SSL*; each thunk finds the stream and calls one
// method.
struct ServerStream::Callbacks {
  static ServerStream* Of(const SSL* ssl) {
    return static_cast<ServerStream*>(SSL_get_app_data(ssl));
  }

  static enum ssl_select_cert_result_t SelectCertificate(const SSL_CLIENT_HELLO* hello) {
    ServerStream* self = Of(hello->ssl);
    self->hello_seen_ = true;
    self->attempt_->offered_version = NewestVersion(hello);
    if (const char* name = SSL_get_servername(hello->ssl, TLSEXT_NAMETYPE_host_name)) {
      self->attempt_->sni = absl::AsciiStrToLower(name);
      if (self->attempt_->sni.ends_with('.')) self->attempt_->sni.pop_back();
    }
    self->verifiable_ = self->context_->Verifiable(OfferOf(hello));
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
    ServerStream* self = Of(ssl);
    if (self->context_->Select(self->attempt_->sni, self->verifiable_) != SIZE_MAX) {
      return SSL_TLSEXT_ERR_OK;
    }
    *out_alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }

  static enum ssl_verify_result_t Verify(SSL* ssl, uint8_t* out_alert) {
    return Of(ssl)->VerifyPeer(out_alert) ? ssl_verify_ok : ssl_verify_invalid;
  }

  static size_t MaxTicketOverhead(SSL*) { return SessionTickets::kMaxOverheadBytes; }

  static int SealTicket(SSL* ssl, uint8_t* out, size_t* out_size, size_t max_size,
                        const uint8_t* in, size_t in_size) {
    std::string ticket = Of(ssl)->SealTicket({reinterpret_cast<const char*>(in), in_size});
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
    if (!Of(ssl)->OpenTicket({reinterpret_cast<const char*>(in), in_size}, &session) ||
        session.size() > max_size) {
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
  SSL_set_bio(ssl, bio, bio);
  return ssl;
}

ServerStream::ServerStream(io::Loop& loop, std::unique_ptr<io::ByteStream> inner,
                           ServerContextPtr context, VerifiedClients& verified,
                           HandshakeHandler* handler)
    : loop_(loop),
      inner_(std::move(inner)),
      context_(std::move(context)),
      verified_(verified),
      handshake_handler_(handler),
      ssl_(NewSsl()) {
  inner_->SetHandler(this);
  if (ssl_ != nullptr) {
    inner_->SetReading(true);
    return;
  }
  // Nothing is read until the handler, which is still being made, has heard of it.
  loop_.Defer([this, alive = alive_] {
    if (!*alive || state_ != State::kHandshake) return;
    FailHandshake(Report(HandshakeFailure::kOther, "there is no memory for another connection"));
    if (*alive && state_ == State::kFailed) inner_->SetReading(true);
  });
}

ServerStream::~ServerStream() {
  *alive_ = false;
  SSL_free(ssl_);
}

void ServerStream::SetReading(bool reading) {
  if (reading_ == reading || state_ == State::kClosed) return;
  reading_ = reading;
  if (!reading) {
    inner_->SetReading(false);
    return;
  }
  if (held_.empty() && !transport_.input_ended && !end_pending_ && SSL_pending(ssl_) == 0) {
    inner_->SetReading(true);
    return;
  }
  if (resume_scheduled_) return;
  resume_scheduled_ = true;
  loop_.Defer([this, alive = alive_] {
    if (!*alive) return;
    resume_scheduled_ = false;
    if (!reading_ || state_ == State::kClosed) return;
    if (!transport_.input_ended) inner_->SetReading(true);
    std::string held = std::move(held_);
    held_ = std::string();
    transport_.input = held;
    Advance();
    // `held` ends here; KeepRest() has taken what is left of it.
  });
}

void ServerStream::OnData(std::string_view bytes) {
  if (state_ == State::kFailed || state_ == State::kClosed) return;
  if (!std::exchange(begun_, true) && !handshake_handler_->OnHandshakeBegins()) return;
  if (held_.empty()) {
    transport_.input = bytes;
    Advance();
    return;
  }
  // Paused with bytes in hand: the inner stream had more on its way.
  held_.append(bytes);
}

void ServerStream::OnEnd() {
  transport_.input_ended = true;
  if (state_ == State::kHandshake) {
    FailHandshake(Report(HandshakeFailure::kPeerClosed,
                         hello_seen_ ? "the client closed the connection during the handshake"
                                     : "the client closed the connection without a ClientHello"));
    return;
  }
  if (state_ == State::kFailed) {
    if (handler_ != nullptr) handler_->OnEnd();
    return;
  }
  if (reading_ && held_.empty()) Advance();
}

void ServerStream::OnStreamError(const io::StreamError& error) {
  if (state_ == State::kHandshake) {
    FailHandshake(
        Report(HandshakeFailure::kPeerClosed,
               absl::StrCat("the connection broke during the handshake: ", error.detail)));
    return;
  }
  // A broken record may have ended the stream before the transport did.
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  if (handler_ != nullptr) handler_->OnStreamError(error);
}

void ServerStream::OnDrained() {
  if (state_ == State::kClosed) return;
  if (handler_ != nullptr) handler_->OnDrained();
}

void ServerStream::Advance() {
  std::shared_ptr<bool> alive = alive_;
  if (state_ == State::kHandshake) Handshake();
  if (*alive && state_ == State::kOpen) ReadAll(*alive);
  if (*alive) KeepRest();
}

void ServerStream::KeepRest() {
  if (!transport_.input.empty() && state_ == State::kOpen) held_.assign(transport_.input);
  transport_.input = {};
}

void ServerStream::Handshake() {
  const std::string_view arrived = transport_.input;
  ClearErrors();
  int result = SSL_do_handshake(ssl_);
  if (result == 1) {
    inner_->Flush();
    state_ = State::kOpen;
    identity::PeerIdentity peer = TakeIdentity();
    attempt_.reset();
    handshake_handler_->OnHandshakeDone(std::move(peer));
    return;
  }
  int error = SSL_get_error(ssl_, result);
  if (error == SSL_ERROR_WANT_READ) {
    inner_->Flush();
    return;
  }
  if (const VerifyResult& verdict = attempt_->client.verdict; !verdict.ok()) {
    FailHandshake(Report(*verdict.failure, verdict.detail));
    return;
  }
  HandshakeFailure reason = ClassifyHandshakeError(ERR_peek_error(), hello_seen_);
  if (reason == HandshakeFailure::kOther) {
    // The first error may be the arithmetic's; what it meant to TLS comes after.
    reason = ClassifyHandshakeError(ERR_peek_last_error(), hello_seen_);
  }
  if (reason == HandshakeFailure::kPlaintextHttp) AnswerPlaintextHttp();
  std::string detail = TakeErrors();
  if (std::optional<uint8_t> alert = FindPlaintextAlert(arrived); alert && hello_seen_) {
    reason = HandshakeFailure::kPeerAlert;
    detail = absl::StrCat("the client sent the alert ", *alert, " (",
                          SSL_alert_desc_string_long(*alert), ")");
  }
  if (reason == HandshakeFailure::kNoClientCertificate) {
    detail = "the client sent no certificate, and this listener requires one";
  } else if (hello_seen_ && context_->Select(attempt_->sni, verifiable_) == SIZE_MAX) {
    detail = absl::StrCat("no certificate has the server name '", attempt_->sni,
                          "', and strict_sni is on");
  }
  FailHandshake(Report(reason, std::move(detail)));
}

void ServerStream::AnswerPlaintextHttp() { inner_->Write(kPlaintextAnswer); }

HandshakeReport ServerStream::Report(HandshakeFailure reason, std::string detail) const {
  HandshakeReport report;
  report.reason = reason;
  report.detail = std::move(detail);
  report.sni = attempt_->sni;
  if (hello_seen_ && SSL_version(ssl_) != 0) report.version = SSL_get_version(ssl_);
  if (report.version == "unknown") report.version.clear();
  if (reason == HandshakeFailure::kProtocolVersion) {
    report.version = VersionText(attempt_->offered_version);
  }
  report.certificate = attempt_->client.verdict;
  return report;
}

void ServerStream::FailHandshake(HandshakeReport report) {
  state_ = State::kFailed;
  inner_->Flush();
  inner_->ShutdownWrite();
  handshake_handler_->OnHandshakeFailed(std::move(report));
}

int ServerStream::VerifyPeer(uint8_t* out_alert) {
  const int64_t now = context_->options().clock->WallSeconds();
  attempt_->client =
      verified_.Check(*context_->verifier(), DersOf(SSL_get0_peer_certificates(ssl_)), now);
  const VerifyResult& verdict = attempt_->client.verdict;
  if (!verdict.ok()) {
    *out_alert = AlertFor(*verdict.failure);
    return 0;
  }
  if (SessionTickets* tickets = context_->tickets()) {
    // What the client is told of its session's lifetime, and what the library itself
    // holds renewals to.
    const int64_t left = std::min(tickets->lifetime_seconds(), verdict.valid_until - now);
    SSL_SESSION_set_timeout(SSL_get_session(ssl_), static_cast<uint32_t>(left));
  }
  return 1;
}

// Called by the library where it would give the client a ticket: after its chain was
// found good, or after a resumption. Empty: none.
std::string ServerStream::SealTicket(std::string_view session) {
  // Without this extension the keys of a TLS 1.2 session say nothing about who was
  // at its other end (RFC 7627 section 5.3).
  if (SSL_get_extms_support(ssl_) != 1) return {};
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

identity::PeerIdentity ServerStream::TakeIdentity() {
  identity::PeerIdentity peer;
  peer.tls.resumed = SSL_session_reused(ssl_) == 1;
  // A ticket that was found good is not always used: then only what this handshake
  // itself has shown counts.
  const std::shared_ptr<const identity::ClientCertificate>& certificate =
      peer.tls.resumed ? attempt_->resumption->certificate : attempt_->client.certificate;
  if (certificate != nullptr) {
    peer.verification = identity::Verification::kSuccess;
    peer.certificate = *certificate;
    peer.valid_until =
        peer.tls.resumed ? attempt_->resumption->valid_until : attempt_->client.verdict.valid_until;
  }
  peer.tls.version = SSL_get_version(ssl_);
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl_)) {
    peer.tls.cipher = SSL_CIPHER_standard_name(cipher);
  }
  if (const char* group = SSL_get_curve_name(SSL_get_curve_id(ssl_))) peer.tls.group = group;
  const uint8_t* alpn = nullptr;
  unsigned alpn_size = 0;
  SSL_get0_alpn_selected(ssl_, &alpn, &alpn_size);
  peer.tls.alpn.assign(reinterpret_cast<const char*>(alpn), alpn_size);
  peer.tls.sni = std::move(attempt_->sni);
  peer.local_san_uri = context_->credential(certificate_index_).san_uri;
  return peer;
}

void ServerStream::ReadAll(const bool& alive) {
  std::span<char> out = loop_.plaintext_buffer();
  while (reading_ && !end_delivered_) {
    // Whole records are gathered so that the handler sees few, large pieces.
    size_t filled = 0;
    int error = SSL_ERROR_NONE;
    std::string reason;
    ClearErrors();
    while (filled < out.size()) {
      int n = SSL_read(ssl_, out.data() + filled, static_cast<int>(out.size() - filled));
      if (n <= 0) {
        error = SSL_get_error(ssl_, n);
        // Now: the handler may use the library before the error's turn comes.
        if (error == SSL_ERROR_SSL) reason = TakeErrors();
        break;
      }
      filled += static_cast<size_t>(n);
      if (transport_.input.empty() && !transport_.input_ended && SSL_has_pending(ssl_) == 0) {
        // What it would say; asking costs as much as a small record.
        error = SSL_ERROR_WANT_READ;
        break;
      }
    }
    if (filled > 0) {
      handler_->OnData({out.data(), filled});
      if (!alive || state_ != State::kOpen) return;
    }
    if (error == SSL_ERROR_NONE) continue;
    // A KeyUpdate may have asked for an answer.
    inner_->Flush();
    if (error == SSL_ERROR_WANT_READ) return;
    if (error == SSL_ERROR_ZERO_RETURN) {
      end_pending_ = true;  // survives a pause
      if (reading_) DeliverEnd();
      return;
    }
    if (transport_.input_ended && reason.empty()) {
      // RFC 8446 section 6.1: a FIN without close_notify is no end of data, it is
      // a client that died or left.
      reason = "the client closed the connection without close_notify";
    }
    FailStream(std::move(reason));
    return;
  }
}

void ServerStream::DeliverEnd() {
  end_delivered_ = true;
  handler_->OnEnd();
}

void ServerStream::FailStream(std::string detail) {
  inner_->Flush();  // the alert
  state_ = State::kClosed;
  handler_->OnStreamError({"tls", std::move(detail)});
}

void ServerStream::Write(std::string_view bytes) {
  if (state_ != State::kOpen || shutdown_sent_) return;
  if (plaintext_.empty() && bytes.size() >= kRecordBytes) {
    Encrypt(bytes);
    return;
  }
  if (io::BufferPool::IsNone(plaintext_)) plaintext_ = loop_.buffers().Take();
  size_t room = kRecordBytes - std::min(plaintext_.size(), kRecordBytes);
  plaintext_.append(bytes.substr(0, room));
  bytes.remove_prefix(std::min(room, bytes.size()));
  if (plaintext_.size() < kRecordBytes) return;
  Encrypt(plaintext_);
  plaintext_.clear();
  if (!bytes.empty()) Write(bytes);
}

void ServerStream::Encrypt(std::string_view bytes) {
  ClearErrors();
  // Never blocks: the BIO takes everything.
  SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
}

void ServerStream::Flush() {
  if (state_ == State::kClosed) return;
  if (!plaintext_.empty()) {
    Encrypt(plaintext_);
    loop_.buffers().Give(std::move(plaintext_));
    plaintext_ = std::string();
  }
  inner_->Flush();
}

void ServerStream::ShutdownWrite() {
  if (shutdown_sent_ || state_ == State::kClosed) return;
  if (state_ == State::kOpen) {
    Flush();
    ClearErrors();
    SSL_shutdown(ssl_);
  }
  shutdown_sent_ = true;
  inner_->Flush();
  inner_->ShutdownWrite();
}

void ServerStream::Close() {
  if (state_ == State::kClosed && inner_ == nullptr) return;
  state_ = State::kClosed;
  inner_->Close();
}

void ServerStream::Abort() {
  state_ = State::kClosed;
  inner_->Abort();
}

}  // namespace mantlet::tls
