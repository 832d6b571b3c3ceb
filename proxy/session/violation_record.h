// The log record for an HTTP/2 connection that was closed because its client broke the protocol or
// made more work than its requests are worth.

#ifndef MANTLET_PROXY_SESSION_VIOLATION_RECORD_H_
#define MANTLET_PROXY_SESSION_VIOLATION_RECORD_H_

#include <string_view>

#include "proxy/observe/metrics_shard.h"
#include "proxy/session/listener_state.h"
#include "proxy/session/worker_context.h"

namespace mantlet::session {

// Logs the connection. Like all records that clients can cause, it is limited in rate.
void RecordViolation(WorkerContext& worker, const ListenerState& listener, std::string_view peer,
                     observe::Http2CloseReason reason, std::string_view detail);

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_VIOLATION_RECORD_H_
