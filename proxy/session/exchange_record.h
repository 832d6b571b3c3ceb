// ExchangeRecord collects the values that the metrics and the access log report about one exchange,
// and writes both when the exchange is over. One exchange owns it and reuses it for one request
// after the other without further allocations. One loop's thread only.

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
  ~ExchangeRecord() { CountEnd(); }
  ExchangeRecord(const ExchangeRecord&) = delete;

  // The first byte of the request has arrived. The duration of the request starts here.
  void RequestBegins();
  // Resets everything except the time of RequestBegins(), and counts a request of `listener` as
  // active, until Write().
  void Reset(const ListenerState& listener);

  // RequestSent is called when the request head has been sent to the upstream, ResponseBegins when
  // the head of the final response has arrived.
  void RequestSent();
  void ResponseBegins(const ListenerState& listener, const http::RequestHead& head);

  // Counts the exchange and appends its access record.
  void Write(const ListenerState& listener, const http::RequestHead& head,
             const ClientFacts& client);

  int status = 0;         // of the final response; 0 if none was begun
  int grpc_status = -1;   // of the response to a gRPC request; -1 if it is not known
  std::string_view rule;  // the deciding rule; points to a name in the listener's policy
  std::optional<base::ProxyError> error;
  uint64_t request_bytes = 0;   // content
  uint64_t response_bytes = 0;  // content

 private:
  void CountEnd();

  WorkerContext& worker_;
  observe::RequestMetrics* active_ = nullptr;  // what counts the request as active
  bool reached_upstream_ = false;
  int64_t began_wall_ms_ = 0;
  int64_t began_us_ = 0;
  int64_t sent_us_ = 0;
  int64_t upstream_us_ = -1;  // from RequestSent() to ResponseBegins(); -1 if there was no response
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_EXCHANGE_RECORD_H_
