// The log records of requests that are refused by policy, or forwarded without their
// Upgrade. Bounded in rate like all records that clients can provoke.

#ifndef MANTLET_PROXY_SESSION_DENIAL_RECORD_H_
#define MANTLET_PROXY_SESSION_DENIAL_RECORD_H_

#include <string_view>

#include "proxy/http/message.h"
#include "proxy/identity/peer_identity.h"
#include "proxy/session/worker_context.h"

namespace mantlet::session {

// `identity` may be null.
void RecordDenial(WorkerContext& worker, std::string_view listener, std::string_view peer,
                  std::string_view rule, const http::RequestHead& head,
                  const identity::PeerIdentity* identity);

// For head.upgrade_ignored.
void RecordIgnoredUpgrade(WorkerContext& worker, std::string_view listener, std::string_view peer,
                          const http::RequestHead& head);

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_DENIAL_RECORD_H_
