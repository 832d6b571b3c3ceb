// ExchangeRecord gathers what the metrics and the access log want to know of one exchange,
// and writes both when it is over. Belongs to one exchange, which uses it for request after
// request; no allocation once warm. One loop's thread only.

#ifndef MANTLET_PROXY_SESSION_EXCHANGE_RECORD_H_
#define MANTLET_PROXY_SESSION_EXCHANGE_RECORD_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/base/proxy_error.h"
#include "proxy/http/message.h"
#include "proxy/session/client_facts.h"
#include "proxy/session/listener_state.h"
#include "proxy/session/worker_context.h"

namespace mantlet::session {

class ExchangeRecord {
 public:
  explicit ExchangeRecord(WorkerContext& worker) : worker_(worker) {}

  // The first byte of the request has come: its duration is counted from here.
  void RequestBegins();
  // Forgets everything but the time of RequestBegins().
  void Reset();

  // The request head has been sent to the upstream, and the head of its final response has
  // come. The clock is read only if there is an access log.
  void RequestSent();
  void ResponseBegins();

  // Counts the exchange and appends its access record.
  void Write(const ListenerState& listener, const http::RequestHead& head,
             const ClientFacts& client) const;

  int status = 0;         // of the final response; 0: none was begun
  std::string_view rule;  // that decided; a name that the listener's policy keeps
  std::optional<base::ProxyError> error;
  uint64_t request_bytes = 0;   // content
  uint64_t response_bytes = 0;  // content

 private:
  WorkerContext& worker_;
  bool reached_upstream_ = false;
  int64_t began_wall_ms_ = 0;
  int64_t began_us_ = 0;
  int64_t sent_us_ = 0;
  int64_t upstream_us_ = -1;  // from RequestSent() to ResponseBegins(); -1: there was none
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_EXCHANGE_RECORD_H_
