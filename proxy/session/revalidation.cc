#include "proxy/session/revalidation.h"

#include <utility>
#include <vector>

#include "config/enum_names.h"
#include "proxy/base/text.h"

namespace mantlet::session {

using base::HandshakeFailure;
using config::OnInvalid;

namespace {

// Returns the verdict that a handshake with this peer would have now.
verify::VerifyResult VerdictOf(const ListenerState& newest, verify::ClientVerdictCache& verdicts,
                               const identity::PeerIdentity& peer, int64_t now,
                               verify::Expired expired) {
  if (!peer.has_certificate()) {
    const config::ClientAuthMode mode = newest.config.client_auth.mode;
    const bool failed = peer.verification == identity::Verification::kFailed;
    if (mode == config::ClientAuthMode::kRequire ||
        (failed && mode == config::ClientAuthMode::kOptional)) {
      return verify::Refusal(
          HandshakeFailure::kNoClientCertificate, nullptr, -1,
          failed ? "the listener no longer accepts clients whose certificate does not verify"
                 : "the listener now requires a certificate, and the client sent none");
    }
    verify::VerifyResult good;
    good.valid_until = std::numeric_limits<int64_t>::max();
    return good;
  }
  const verify::ClientVerifier* verifier = newest.verifier.get();
  if (verifier == nullptr) {
    return verify::Refusal(
        HandshakeFailure::kUnknownCa, nullptr, -1,
        "the listener no longer verifies certificates, so the client's identity is not valid");
  }
  return verdicts.Recheck(*verifier, peer.certificate, now, expired);
}

Validity Ended(HandshakeFailure failure, std::string detail, config::OnInvalid action) {
  Validity validity;
  validity.termination = Termination{base::EndReasonFor(failure), std::move(detail), action};
  return validity;
}

// Used when rejections for reasons other than expiry are ignored. A verdict has only one reason, so
// the expiry of the client's own certificate is checked here.
Validity UntilExpiry(const config::ClientAuth& auth, const identity::PeerIdentity& peer,
                     int64_t now) {
  if (!peer.has_certificate() || auth.on_expiry == OnInvalid::kIgnore) return {};
  const int64_t not_after = peer.certificate->not_after;
  if (now > not_after) {
    return Ended(HandshakeFailure::kExpired,
                 "the certificate expired at " + base::Rfc3339Seconds(not_after), auth.on_expiry);
  }
  Validity validity;
  validity.valid_until = not_after + 1;
  return validity;
}

}  // namespace

Validity Revalidate(const ListenerState* newest, verify::ClientVerdictCache& verdicts,
                    const identity::PeerIdentity& peer, int64_t now, RevalidationPhase phase) {
  if (newest == nullptr) {
    Validity validity;
    validity.termination = Termination{base::EndReason::kListenerRemoved,
                                       "the listener was removed from the configuration"};
    return validity;
  }
  const config::ClientAuth& auth = newest->config.client_auth;
  const bool was_open = phase == RevalidationPhase::kOpen;
  const bool may_be_expired = was_open && auth.on_expiry == OnInvalid::kIgnore;
  verify::VerifyResult verdict =
      VerdictOf(*newest, verdicts, peer, now,
                may_be_expired ? verify::Expired::kAccept : verify::Expired::kRefuse);
  if (verdict.ok()) {
    Validity validity;
    validity.valid_until = verdict.valid_until;
    return validity;
  }
  const OnInvalid action =
      verdict.failure == HandshakeFailure::kExpired ? auth.on_expiry : auth.on_revocation;
  if (was_open && action == OnInvalid::kIgnore) return UntilExpiry(auth, peer, now);
  return Ended(*verdict.failure, std::move(verdict.detail), was_open ? action : OnInvalid::kClose);
}

bool NeedsRevalidation(const ListenerState& before, const ListenerState* after) {
  if (after == nullptr) return true;
  const verify::ClientVerifier* old_verifier = before.verifier.get();
  const verify::ClientVerifier* new_verifier = after->verifier.get();
  if ((old_verifier == nullptr) != (new_verifier == nullptr)) return true;
  if (old_verifier != nullptr && old_verifier->id() != new_verifier->id()) return true;
  return before.config.client_auth != after->config.client_auth;
}

void RecordTermination(WorkerContext& worker, const ListenerState& listener, std::string_view peer,
                       std::string_view state, const identity::PeerIdentity& identity,
                       const Termination& termination) {
  listener.metrics->ConnectionEnded(termination.reason);
  if (!worker.logger.enabled(base::LogLevel::kWarn)) return;
  auto permit = worker.client_log_budget.Ask(worker.clock.MonotonicMs());
  if (!permit) return;
  std::string not_after;
  std::vector<base::LogField> fields = {
      {"listener", listener.config.name},
      {"peer", peer},
      {"reason", base::ToString(termination.reason)},
      {"detail", termination.detail},
      {"action", std::string_view(config::ToString(termination.action))},
      {"state", state},
  };
  if (identity.has_certificate()) {
    const identity::ClientCertificate& certificate = *identity.certificate;
    not_after = base::Rfc3339Seconds(certificate.not_after);
    fields.emplace_back("subject", certificate.subject);
    fields.emplace_back("issuer", certificate.issuer);
    fields.emplace_back("serial", certificate.serial);
    fields.emplace_back("not_after", not_after);
  }
  if (permit.suppressed > 0) fields.emplace_back("suppressed", permit.suppressed);
  worker.logger.Log(base::LogLevel::kWarn, "connection_ended",
                    "An open connection is closed, because its client would now be rejected.",
                    fields);
}

}  // namespace mantlet::session
