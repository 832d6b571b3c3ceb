// The log records that a client can cause by what it presents: one for each
// failed handshake, one for names that cannot be passed on. Bounded in rate; the
// metrics count every case.

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

// A client that is let in although its certificate does not verify (client_auth.mode request).
void RecordCertificateNotVerified(WorkerContext& worker, std::string_view listener,
                                  std::string_view peer, const tls::HandshakeReport& report);

// RecordLimit counts a connection that is refused because `limit` is reached, as
// rate_limited, and logs it.
void RecordLimit(WorkerContext& worker, const ListenerState& listener, std::string_view peer,
                 AdmissionLimit limit);

// Counts what was left out of the identity headers, and says of whose.
void RecordUnsafeIdentity(WorkerContext& worker, const ListenerState& listener,
                          std::string_view peer, const identity::PeerIdentity& identity,
                          const identity::RenderReport& report);

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_HANDSHAKE_RECORD_H_
