// The log records for requests that are denied by policy, forwarded without their Upgrade field, or
// not forwarded because of the upstream's protocol.
// Like all records that clients can cause, they are limited in rate.

#ifndef MANTLET_PROXY_SESSION_DENIAL_RECORD_H_
#define MANTLET_PROXY_SESSION_DENIAL_RECORD_H_

#include <string_view>

#include "proxy/http/message.h"
#include "proxy/identity/peer_identity.h"
#include "proxy/session/listener_state.h"
#include "proxy/session/worker_context.h"

namespace mantlet::session {

// Logs a denial by the rule `rule`. `identity` may be null.
void RecordDenial(WorkerContext& worker, std::string_view listener, std::string_view peer,
                  std::string_view rule, const http::RequestHead& head,
                  const identity::PeerIdentity* identity);

// Logs a request whose head has upgrade_ignored set.
void RecordIgnoredUpgrade(WorkerContext& worker, std::string_view listener, std::string_view peer,
                          const http::RequestHead& head);

// Logs a gRPC request to an upstream whose protocol is HTTP/1.
void RecordGrpcOverHttp1(WorkerContext& worker, const ListenerState& listener,
                         std::string_view peer, const http::RequestHead& head);

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_DENIAL_RECORD_H_
