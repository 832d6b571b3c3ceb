// The log record of a request that policy refused.

#ifndef MANTLET_PROXY_SESSION_DENIAL_RECORD_H_
#define MANTLET_PROXY_SESSION_DENIAL_RECORD_H_

#include <string_view>

#include "proxy/http/message.h"
#include "proxy/identity/peer_identity.h"
#include "proxy/session/worker_context.h"

namespace mantlet::session {

// Bounded like all records that clients can provoke. `identity` may be null.
void RecordDenial(WorkerContext& worker, std::string_view listener, std::string_view peer,
                  std::string_view rule, const http::RequestHead& head,
                  const identity::PeerIdentity* identity);

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_DENIAL_RECORD_H_
