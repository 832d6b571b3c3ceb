#include "proxy/session/timeout_record.h"

#include <vector>

namespace mantlet::session {

void RecordTimeout(WorkerContext& worker, const ListenerState& listener, std::string_view peer,
                   const http::RequestHead* head, const base::ProxyError& error) {
  // A slow client is not an error of the operator's systems.
  const bool client = error.fault() == base::Fault::kDownstream;
  if (client) listener.metrics->ClientTimedOut(error.reason);
  const base::LogLevel level = client ? base::LogLevel::kInfo : base::LogLevel::kWarn;
  if (!worker.logger.enabled(level)) return;
  auto permit = worker.client_log_budget.Ask(worker.clock.MonotonicMs());
  if (!permit) return;
  std::vector<base::LogField> fields = {
      {"listener", std::string_view(listener.config.name)},
      {"upstream", std::string_view(listener.config.upstream)},
      {"peer", peer},
      {"reason", error.label()},
      {"detail", std::string_view(error.detail)},
  };
  if (head != nullptr) {
    fields.emplace_back("method", std::string_view(head->method_text));
    fields.emplace_back("target", std::string_view(head->target));
  }
  if (permit.suppressed > 0) fields.emplace_back("suppressed", permit.suppressed);
  if (head != nullptr) {
    worker.logger.Log(level, "request_timed_out", "A request was cut because a timeout expired.",
                      fields);
  } else {
    worker.logger.Log(level, "connection_timed_out",
                      "A connection was cut because its client did not read in time.", fields);
  }
}

}  // namespace mantlet::session
