// The log record and the count of a request, or a connection, that was cut because a deadline
// passed.

#ifndef MANTLET_PROXY_SESSION_TIMEOUT_RECORD_H_
#define MANTLET_PROXY_SESSION_TIMEOUT_RECORD_H_

#include <string_view>

#include "proxy/base/proxy_error.h"
#include "proxy/http/message.h"
#include "proxy/session/listener_state.h"
#include "proxy/session/worker_context.h"

namespace mantlet::session {

// Logs the request, and counts it if its client kept mantlet waiting. Like all records that clients
// can cause, it is limited in rate. The detail of `error` contains the configuration key of the
// deadline. `head` is null if no request is in flight, or several are: the connection is cut.
void RecordTimeout(WorkerContext& worker, const ListenerState& listener, std::string_view peer,
                   const http::RequestHead* head, const base::ProxyError& error);

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_TIMEOUT_RECORD_H_
