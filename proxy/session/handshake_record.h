// The log records that a client can cause by what it presents: one for each
// failed handshake, one for names that cannot be passed on. Bounded in rate; the
// metrics count every case.

#ifndef MANTLET_PROXY_SESSION_HANDSHAKE_RECORD_H_
#define MANTLET_PROXY_SESSION_HANDSHAKE_RECORD_H_

#include <string_view>

#include "proxy/identity/identity_headers.h"
#include "proxy/identity/peer_identity.h"
#include "proxy/session/worker_context.h"
#include "proxy/tls/handshake_report.h"

namespace mantlet::session {

void RecordHandshakeFailure(WorkerContext& worker, std::string_view listener, std::string_view peer,
                            const tls::HandshakeReport& report);

void RecordUnsafeIdentity(WorkerContext& worker, std::string_view listener, std::string_view peer,
                          const identity::PeerIdentity& identity,
                          const identity::RenderReport& report);

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_HANDSHAKE_RECORD_H_
