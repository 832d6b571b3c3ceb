#include "proxy/session/standing.h"

#include <utility>
#include <vector>

#include "config/words.h"
#include "proxy/base/text.h"
#include "proxy/tls/client_check.h"

namespace mantlet::session {

using base::HandshakeFailure;

namespace {

Standing Refused(const config::ClientAuth& auth, HandshakeFailure failure, std::string detail) {
  const bool expired = failure == HandshakeFailure::kExpired;
  Standing standing;
  standing.ending = Ending{base::EndReasonFor(failure), std::move(detail),
                           expired ? auth.on_expiry : auth.on_revocation};
  return standing;
}

}  // namespace

Standing JudgeStanding(const ListenerState* newest, const identity::PeerIdentity& peer,
                       int64_t now) {
  if (newest == nullptr) {
    Standing standing;
    standing.ending = Ending{base::EndReason::kListenerRemoved,
                             "the listener is not in the configuration any more"};
    return standing;
  }
  const config::ClientAuth& auth = newest->config.client_auth;
  if (!peer.has_certificate()) {
    if (auth.mode != config::ClientAuthMode::kRequire) return {};
    return Refused(auth, HandshakeFailure::kNoClientCertificate,
                   "the listener requires a certificate by now, and the client showed none");
  }
  const tls::ClientVerifier* verifier = newest->tls->verifier();
  if (verifier == nullptr) {
    return Refused(auth, HandshakeFailure::kUnknownCa,
                   "the listener trusts no CA any more, so nobody vouches for the certificate");
  }
  const tls::VerifyResult verdict = tls::VerifyAgain(*verifier, peer.certificate, now);
  if (!verdict.ok()) return Refused(auth, *verdict.failure, verdict.detail);
  Standing standing;
  standing.valid_until = verdict.valid_until;
  return standing;
}

bool JudgesAnew(const ListenerState& before, const ListenerState* after) {
  if (after == nullptr) return true;
  const tls::ClientVerifier* old_verifier = before.tls->verifier();
  const tls::ClientVerifier* new_verifier = after->tls->verifier();
  if ((old_verifier == nullptr) != (new_verifier == nullptr)) return true;
  if (old_verifier != nullptr && old_verifier->id() != new_verifier->id()) return true;
  return before.config.client_auth != after->config.client_auth;
}

void RecordEnding(WorkerContext& worker, const ListenerState& listener, std::string_view peer,
                  std::string_view state, const identity::PeerIdentity& identity,
                  const Ending& ending) {
  listener.metrics->ConnectionEnded(ending.reason);
  if (!worker.logger.enabled(base::LogLevel::kWarn)) return;
  auto go = worker.handshake_log_budget.Ask(worker.clock.MonotonicMs());
  if (!go) return;
  const std::string not_after = base::Rfc3339Seconds(identity.certificate.not_after);
  std::vector<base::LogField> fields = {
      {"listener", listener.config.name},
      {"peer", peer},
      {"reason", base::ToString(ending.reason)},
      {"detail", ending.detail},
      {"action", std::string_view(config::ToString(ending.action))},
      {"state", state},
  };
  if (identity.has_certificate()) {
    fields.emplace_back("subject", identity.certificate.subject);
    fields.emplace_back("issuer", identity.certificate.issuer);
    fields.emplace_back("serial", identity.certificate.serial);
    fields.emplace_back("not_after", not_after);
  }
  if (go.suppressed > 0) fields.emplace_back("suppressed", go.suppressed);
  worker.logger.Log(base::LogLevel::kWarn, "connection_ended",
                    "An open connection ends: its client would not be let in any more.", fields);
}

}  // namespace mantlet::session
