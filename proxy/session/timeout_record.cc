#include "proxy/session/timeout_record.h"

#include <vector>

namespace mantlet::session {

void RecordTimeout(WorkerContext& worker, const ListenerState& listener, std::string_view peer,
                   const http::RequestHead& head, const base::ProxyError& error) {
  // A slow client is not an error of the operator's systems.
  const base::LogLevel level =
      error.fault() == base::Fault::kDownstream ? base::LogLevel::kInfo : base::LogLevel::kWarn;
  if (!worker.logger.enabled(level)) return;
  auto permit = worker.client_log_budget.Ask(worker.clock.MonotonicMs());
  if (!permit) return;
  std::vector<base::LogField> fields = {
      {"listener", std::string_view(listener.config.name)},
      {"upstream", std::string_view(listener.config.upstream)},
      {"peer", peer},
      {"method", std::string_view(head.method_text)},
      {"target", std::string_view(head.target)},
      {"reason", error.label()},
      {"detail", std::string_view(error.detail)},
  };
  if (permit.suppressed > 0) fields.emplace_back("suppressed", permit.suppressed);
  worker.logger.Log(level, "request_timed_out", "A request was cut because a timeout expired.",
                    fields);
}

}  // namespace mantlet::session
