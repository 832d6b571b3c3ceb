#include "proxy/tls/server_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proxy/tls/client_hello.h"
#include "proxy/tls/handshake_diagnosis.h"
#include "proxy/tls/tls_errors.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/openssl_errors.h"

namespace mantlet::tls {
namespace {

using base::HandshakeFailure;

constexpr size_t kRecordBytes = SSL3_RT_MAX_PLAIN_LENGTH;

// What a browser or curl shows when somebody forgot the s in https.
constexpr std::string_view kPlaintextAnswer =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 67\r\n"
    "Connection: close\r\n\r\n"
    "mantlet: this port speaks TLS; use https:// (a plain request came)\n";

}  // namespace

ServerStream::ServerStream(io::Loop& loop, std::unique_ptr<io::ByteStream> inner,
                           ServerContextPtr context, verify::VerifiedClients& verified,
                           HandshakeHandler* handler)
    : loop_(loop),
      inner_(std::move(inner)),
      context_(std::move(context)),
      verified_(verified),
      handshake_handler_(handler),
      ssl_(NewSsl()),
      deferred_(loop, [this] { OnDeferred(); }) {
  inner_->SetHandler(this);
  if (ssl_ != nullptr) {
    inner_->SetReading(true);
    return;
  }
  // Nothing is read until the handler, which is still being made, has heard of it.
  deferred_.Schedule();
}

void ServerStream::OnDeferred() {
  if (write_error_ != nullptr) {
    if (state_ == State::kOpen) FailStream(*write_error_);
    return;
  }
  if (ssl_ != nullptr) {
    ResumeHeld();
    return;
  }
  if (state_ != State::kHandshake) return;
  std::shared_ptr<bool> alive = alive_;
  FailHandshake(Report(HandshakeFailure::kOther, "there is no memory for another connection"));
  if (*alive && state_ == State::kFailed) inner_->SetReading(true);
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
  deferred_.Schedule();
}

// What was held over a pause of reading.
void ServerStream::ResumeHeld() {
  if (!reading_ || state_ == State::kClosed) return;
  if (!transport_.input_ended) inner_->SetReading(true);
  std::string held = std::move(held_);
  held_ = std::string();
  transport_.input = held;
  Advance();
  // `held` ends here; KeepRest() has taken what is left of it.
}

void ServerStream::OnData(std::string_view bytes) {
  if (state_ == State::kFailed || state_ == State::kClosed) return;
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
  x509::ClearErrors();
  int result = SSL_do_handshake(ssl_);
  if (state_ != State::kHandshake) return;  // OnHandshakeBegins() said no
  if (result == 1) {
    inner_->Flush();
    // In most handshakes the client has the last word, and we nothing to say before its
    // request, which Nagle's algorithm holds back until that is acknowledged.
    if (SSL_version(ssl_) == TLS1_3_VERSION || SSL_session_reused(ssl_) == 1) inner_->QuickAck();
    state_ = State::kOpen;
    RemovePeerLeafHook(ssl_);
    if (!attempt_->client.verdict.ok()) {
      handshake_handler_->OnCertificateNotVerified(ReportVerdict());
    }
    identity::PeerIdentity peer = TakeIdentity();
    attempt_.reset();
    handshake_handler_->OnHandshakeDone(std::move(peer));
    return;
  }
  int error = SSL_get_error(ssl_, result);
  if (error == SSL_ERROR_WANT_READ) {
    inner_->Flush();
    if (!hello_seen_ && !std::exchange(partial_hello_, true)) handshake_handler_->OnPartialHello();
    return;
  }
  if (attempt_->refused) {
    FailHandshake(ReportVerdict());
    return;
  }
  HandshakeReport report = ReportLibraryError(arrived);
  if (report.reason == HandshakeFailure::kPlaintextHttp) AnswerPlaintextHttp();
  FailHandshake(std::move(report));
}

HandshakeReport ServerStream::ReportVerdict() const {
  const verify::VerifyResult& verdict = attempt_->client.verdict;
  HandshakeReport report = Report(*verdict.failure, verdict.detail);
  report.certificate = verdict;
  return report;
}

HandshakeReport ServerStream::ReportLibraryError(std::string_view arrived) {
  HandshakeEvidence evidence;
  evidence.first_error = ERR_peek_error();
  evidence.last_error = ERR_peek_last_error();
  evidence.arrived = arrived;
  evidence.hello_seen = hello_seen_;
  if (hello_seen_ && !HasCertificate()) evidence.unserved_name = attempt_->sni;
  evidence.newest_version = VersionText(attempt_->offered_version);
  evidence.protocols = std::move(attempt_->protocols);
  evidence.certificate_request = [this] { return context_->DescribeCertificateRequest(); };
  evidence.leaf_der = attempt_->leaf_der;
  HandshakeDiagnosis diagnosis = Diagnose(evidence);
  x509::ClearErrors();
  HandshakeReport report = Report(diagnosis.reason, std::move(diagnosis.detail));
  report.certificate = std::move(diagnosis.certificate);
  return report;
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
  return report;
}

void ServerStream::FailHandshake(HandshakeReport report) {
  state_ = State::kFailed;
  inner_->Flush();
  inner_->ShutdownWrite();
  handshake_handler_->OnHandshakeFailed(std::move(report));
}

std::string_view ServerStream::alpn() const {
  const uint8_t* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return x509::View(name, size);
}

identity::PeerIdentity ServerStream::TakeIdentity() {
  identity::PeerIdentity peer;
  peer.tls.resumed = SSL_session_reused(ssl_) == 1;
  // A ticket that was found good is not always used: then only what this handshake
  // itself has shown counts.
  peer.certificate = std::move(peer.tls.resumed ? attempt_->resumption->certificate
                                                : attempt_->client.certificate);
  const verify::VerifyResult& verdict = attempt_->client.verdict;
  if (peer.has_certificate()) {
    peer.verification = identity::Verification::kSuccess;
    peer.valid_until = peer.tls.resumed ? attempt_->resumption->valid_until : verdict.valid_until;
  } else if (!peer.tls.resumed && !verdict.ok()) {
    peer.verification = identity::Verification::kFailed;
    peer.failure_reason = verdict.reason();
  }
  // The library's names are constants.
  peer.tls.version = SSL_get_version(ssl_);
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl_)) {
    peer.tls.cipher = SSL_CIPHER_standard_name(cipher);
  }
  if (const char* group = SSL_get_curve_name(SSL_get_curve_id(ssl_))) peer.tls.group = group;
  peer.tls.sni = std::move(attempt_->sni);
  const std::vector<std::string>& local = context_->credential(certificate_index_).san_uri;
  if (!local.empty()) peer.local_san_uri = {context_, &local};  // part of the context
  return peer;
}

void ServerStream::ReadAll(const bool& alive) {
  std::span<char> out = loop_.plaintext_buffer();
  while (reading_ && !end_delivered_) {
    // Whole records are gathered so that the handler sees few, large pieces.
    size_t filled = 0;
    int error = SSL_ERROR_NONE;
    std::string reason;
    x509::ClearErrors();
    while (filled < out.size()) {
      int n = SSL_read(ssl_, out.data() + filled, static_cast<int>(out.size() - filled));
      if (n <= 0) {
        error = SSL_get_error(ssl_, n);
        // Now: the handler may use the library before the error's turn comes.
        if (error == SSL_ERROR_SSL) reason = TakeExplainedErrors();
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
  handler_->OnStreamError({io::StreamFailure::kTls, std::move(detail)});
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
  if (write_error_ != nullptr) return;
  x509::ClearErrors();
  // The BIO takes everything, so this never blocks. But it fails where there is no memory, or the
  // client's last record was damaged: then bytes are lost, and what they belong to must not look
  // whole.
  if (SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) ==
      static_cast<int>(bytes.size())) {
    return;
  }
  write_error_ = std::make_unique<const std::string>(TakeExplainedErrors());
  deferred_.Schedule();
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
    x509::ClearErrors();
    if (write_error_ == nullptr) SSL_shutdown(ssl_);
  }
  shutdown_sent_ = true;
  inner_->Flush();
  inner_->ShutdownWrite();
}

void ServerStream::Close() {
  state_ = State::kClosed;
  inner_->Close();
}

void ServerStream::Abort() {
  state_ = State::kClosed;
  inner_->Abort();
}

}  // namespace mantlet::tls
