#include "proxy/tls/server_handshake.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "proxy/base/check.h"
#include "proxy/base/stack_wipe.h"
#include "proxy/tls/client_hello.h"
#include "proxy/tls/handshake_diagnosis.h"
#include "proxy/x509/openssl_errors.h"

namespace mantlet::tls {
namespace {

using base::HandshakeFailure;

// The response that a browser or curl shows for a URL with http instead of https.
constexpr std::string_view kPlaintextAnswer =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 65\r\n"
    "Connection: close\r\n\r\n"
    "mantlet: this port requires TLS; use https:// instead of http://\n";

int VerifyMode(config::ClientAuthMode mode) {
  switch (mode) {
    case config::ClientAuthMode::kNone:
      return SSL_VERIFY_NONE;
    case config::ClientAuthMode::kRequire:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    default:
      return SSL_VERIFY_PEER;
  }
}

}  // namespace

ServerHandshake::ServerHandshake(Stream& stream, ServerContextPtr context,
                                 verify::ClientVerdictCache& verdicts, Handler* handler)
    : Handshake(stream), context_(std::move(context)), verdicts_(verdicts), handler_(handler) {
  if (ssl() == nullptr) return;
  SSL_set_accept_state(ssl());
  SetHooks(ssl(), this, VerifyMode(context_->options().client_auth));
}

void ServerHandshake::OnInput(std::string_view arrived) {
  x509::ClearErrors();
  const int result = SSL_do_handshake(ssl());
  base::WipeStack();           // an ECDSA signature leaves its nonce, which tells of the key
  if (!in_progress()) return;  // OnHandshakeBegins() returned false
  if (result == 1) {
    Finish();
    return;
  }
  if (SSL_get_error(ssl(), result) == SSL_ERROR_WANT_READ) {
    transport().Flush();
    if (hello_ != Hello::kNone) return;
    hello_ = Hello::kPartial;
    handler_->OnPartialHello();
    return;
  }
  if (attempt_->refused) {
    FailWith(ReportVerdict());
    return;
  }
  HandshakeReport report = ReportLibraryError(arrived);
  if (report.reason == HandshakeFailure::kPlaintextHttp) transport().Write(kPlaintextAnswer);
  FailWith(std::move(report));
}

void ServerHandshake::Finish() {
  Complete();
  // In these handshakes the client sends the last message, and the server sends nothing before the
  // first request, which Nagle's algorithm delays until that message is acknowledged.
  if (SSL_version(ssl()) == TLS1_3_VERSION || SSL_session_reused(ssl()) == 1) {
    transport().QuickAck();
  }
  RemovePeerLeafHook(ssl());
  if (!attempt_->client.verdict.ok()) handler_->OnCertificateNotVerified(ReportVerdict());
  identity::PeerIdentity peer = TakeIdentity();
  attempt_.reset();
  handler_->OnHandshakeDone(std::move(peer));
}

void ServerHandshake::OnNoMemory() {
  FailWith(Report(HandshakeFailure::kOther, "there is not enough memory for another connection"));
}

void ServerHandshake::OnTransportEnd() {
  FailWith(Report(HandshakeFailure::kPeerClosed,
                  hello_seen() ? "the client closed the connection during the handshake"
                               : "the client closed the connection without a ClientHello"));
}

void ServerHandshake::OnTransportError(const io::StreamError& error) {
  FailWith(Report(HandshakeFailure::kPeerClosed,
                  absl::StrCat("the connection failed during the handshake: ", error.detail)));
}

void ServerHandshake::FailWith(HandshakeReport report) {
  Fail();
  handler_->OnHandshakeFailed(std::move(report));
}

HandshakeReport ServerHandshake::ReportVerdict() const {
  const verify::VerifyResult& verdict = attempt_->client.verdict;
  HandshakeReport report = Report(*verdict.failure, verdict.detail);
  report.certificate = verdict;
  return report;
}

HandshakeReport ServerHandshake::ReportLibraryError(std::string_view arrived) {
  HandshakeEvidence evidence;
  evidence.first_error = ERR_peek_error();
  evidence.last_error = ERR_peek_last_error();
  evidence.arrived = arrived;
  evidence.hello_seen = hello_seen();
  if (hello_seen() && !HasCertificate()) evidence.unserved_name = attempt_->sni;
  evidence.newest_version = VersionText(attempt_->offered_version);
  evidence.protocols = std::move(attempt_->protocols);
  if (!evidence.protocols.empty()) evidence.supported_protocols = context_->options().protocols;
  evidence.certificate_request = [this] { return context_->DescribeCertificateRequest(); };
  evidence.leaf_der = attempt_->leaf_der;
  HandshakeDiagnosis diagnosis = Diagnose(evidence);
  x509::ClearErrors();
  HandshakeReport report = Report(diagnosis.reason, std::move(diagnosis.detail));
  report.certificate = std::move(diagnosis.certificate);
  return report;
}

HandshakeReport ServerHandshake::Report(HandshakeFailure reason, std::string detail) const {
  MANTLET_CHECK(attempt_ != nullptr, "a report is about a handshake that is not complete");
  HandshakeReport report;
  report.reason = reason;
  report.detail = std::move(detail);
  report.sni = attempt_->sni;
  if (hello_seen() && SSL_version(ssl()) != 0) report.version = SSL_get_version(ssl());
  if (report.version == "unknown") report.version.clear();
  if (reason == HandshakeFailure::kProtocolVersion) {
    report.version = VersionText(attempt_->offered_version);
  }
  return report;
}

identity::PeerIdentity ServerHandshake::TakeIdentity() {
  identity::PeerIdentity peer;
  peer.tls.resumed = SSL_session_reused(ssl()) == 1;
  // The library does not use every ticket that was accepted. If it did not use this one, only the
  // results of this handshake count.
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
  peer.tls.version = SSL_get_version(ssl());
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl())) {
    peer.tls.cipher = SSL_CIPHER_standard_name(cipher);
  }
  if (const char* group = SSL_get_curve_name(SSL_get_curve_id(ssl()))) peer.tls.group = group;
  peer.tls.sni = std::move(attempt_->sni);
  const std::vector<std::string>& local = context_->credential(certificate_index_).san_uri;
  if (!local.empty()) peer.local_san_uri = {context_, &local};  // part of the context
  return peer;
}

}  // namespace mantlet::tls
