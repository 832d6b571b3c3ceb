// The log records for failed handshakes and for the certificates that clients present. They are
// limited in rate; the metrics count every case.

#ifndef MANTLET_PROXY_SESSION_HANDSHAKE_RECORD_H_
#define MANTLET_PROXY_SESSION_HANDSHAKE_RECORD_H_

#include <string_view>

#include "proxy/identity/identity_headers.h"
#include "proxy/identity/peer_identity.h"
#include "proxy/session/listener_state.h"
#include "proxy/session/worker_context.h"
#include "proxy/tls/handshake_report.h"

namespace mantlet::session {

void RecordHandshakeFailure(WorkerContext& worker, std::string_view listener, std::string_view peer,
                            const tls::HandshakeReport& report);

// Logs a client that is accepted although its certificate does not verify (client_auth.mode
// request).
void RecordCertificateNotVerified(WorkerContext& worker, std::string_view listener,
                                  std::string_view peer, const tls::HandshakeReport& report);

// RecordLimit logs a connection that is rejected because `limit` is reached, and counts it as a
// handshake failure with the reason rate_limited.
void RecordLimit(WorkerContext& worker, const ListenerState& listener, std::string_view peer,
                 AdmissionLimit limit);

// Counts and logs the values that were left out of the identity headers because they are unsafe,
// with the client they belong to.
void RecordUnsafeIdentity(WorkerContext& worker, const ListenerState& listener,
                          std::string_view peer, const identity::PeerIdentity& identity,
                          const identity::RenderReport& report);

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_HANDSHAKE_RECORD_H_
