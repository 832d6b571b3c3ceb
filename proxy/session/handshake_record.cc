#include "proxy/session/handshake_record.h"

#include <string>
#include <vector>

#include "proxy/base/text.h"

namespace mantlet::session {

namespace {

// `not_after` holds the text of the report's notAfter and must outlive the returned fields.
std::vector<base::LogField> FieldsOf(std::string_view listener, std::string_view peer,
                                     const tls::HandshakeReport& report,
                                     std::string_view not_after) {
  std::vector<base::LogField> fields = {
      {"listener", listener},
      {"peer", peer},
      {"reason", base::ToString(report.reason)},
      {"detail", report.detail},
  };
  if (!report.sni.empty()) fields.emplace_back("sni", report.sni);
  if (!report.version.empty()) fields.emplace_back("tls_version", report.version);
  if (!report.certificate.ok() && report.certificate.depth >= 0) {
    fields.emplace_back("subject", report.certificate.subject);
    fields.emplace_back("issuer", report.certificate.issuer);
    fields.emplace_back("serial", report.certificate.serial);
    fields.emplace_back("not_after", not_after);
    fields.emplace_back("depth", report.certificate.depth);
  }
  return fields;
}

void Record(WorkerContext& worker, base::LogLevel level, std::string_view event,
            std::string_view message, std::string_view listener, std::string_view peer,
            const tls::HandshakeReport& report) {
  if (!worker.logger.enabled(level)) return;
  auto permit = worker.client_log_budget.Ask(worker.clock.MonotonicMs());
  if (!permit) return;
  const std::string not_after = base::Rfc3339Seconds(report.certificate.not_after);
  std::vector<base::LogField> fields = FieldsOf(listener, peer, report, not_after);
  if (permit.suppressed > 0) fields.emplace_back("suppressed", permit.suppressed);
  worker.logger.Log(level, event, message, fields);
}

}  // namespace

void RecordHandshakeFailure(WorkerContext& worker, std::string_view listener, std::string_view peer,
                            const tls::HandshakeReport& report) {
  // A probe that connects and leaves is not an error; at a higher level such records would hide the
  // others.
  const bool probe = report.reason == base::HandshakeFailure::kPeerClosed && report.version.empty();
  Record(worker, probe ? base::LogLevel::kDebug : base::LogLevel::kWarn, "handshake_failed",
         "A client's TLS handshake failed.", listener, peer, report);
}

void RecordCertificateNotVerified(WorkerContext& worker, std::string_view listener,
                                  std::string_view peer, const tls::HandshakeReport& report) {
  Record(worker, base::LogLevel::kWarn, "certificate_not_verified",
         "A client is accepted without an identity, because its certificate does not verify.",
         listener, peer, report);
}

void RecordLimit(WorkerContext& worker, const ListenerState& listener, std::string_view peer,
                 AdmissionLimit limit) {
  listener.metrics->HandshakeFailed(base::HandshakeFailure::kRateLimited);
  auto permit = worker.client_log_budget.Ask(worker.clock.MonotonicMs());
  if (!permit) return;
  worker.logger.Warn("connection_refused", "A connection was closed because a limit is reached.",
                     {{"listener", listener.config.name},
                      {"peer", peer},
                      {"reason", base::ToString(base::HandshakeFailure::kRateLimited)},
                      {"limit", ToString(limit)},
                      {"suppressed", permit.suppressed}});
}

void RecordUnsafeIdentity(WorkerContext& worker, const ListenerState& listener,
                          std::string_view peer, const identity::PeerIdentity& identity,
                          const identity::RenderReport& report) {
  listener.metrics->IdentityFieldsDropped(report.unsafe_fields, report.too_large());
  auto permit = worker.client_log_budget.Ask(worker.clock.MonotonicMs());
  if (!permit) return;
  // A client without a certificate can still send an unsafe server name.
  const std::string_view fingerprint =
      identity.has_certificate() ? identity.certificate->fingerprint_sha256 : std::string_view();
  worker.logger.Warn(
      "identity_fields_left_out",
      "Parts of a client certificate are not forwarded, because they are unsafe or too large.",
      {{"listener", listener.config.name},
       {"peer", peer},
       {"fingerprint_sha256", fingerprint},
       {"unsafe_fields", report.unsafe_fields},
       {"chain_left_out", report.chain_left_out},
       {"certificate_left_out", report.certificate_left_out},
       {"names_left_out", report.names_left_out},
       {"fields_left_out", report.fields_left_out},
       {"suppressed", permit.suppressed}});
}

}  // namespace mantlet::session
