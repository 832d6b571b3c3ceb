#include "proxy/session/violation_record.h"

#include <vector>

namespace mantlet::session {

void RecordViolation(WorkerContext& worker, const ListenerState& listener, std::string_view peer,
                     observe::Http2CloseReason reason, std::string_view detail) {
  if (!worker.logger.enabled(base::LogLevel::kInfo)) return;
  auto permit = worker.client_log_budget.Ask(worker.clock.MonotonicMs());
  if (!permit) return;
  std::vector<base::LogField> fields = {
      {"listener", std::string_view(listener.config.name)},
      {"peer", peer},
      {"reason", observe::kHttp2CloseReasonLabels[static_cast<size_t>(reason)]},
      {"detail", detail},
  };
  if (permit.suppressed > 0) fields.emplace_back("suppressed", permit.suppressed);
  worker.logger.Log(base::LogLevel::kInfo, "http2_connection_closed",
                    "An HTTP/2 connection was closed because of what its client sent.", fields);
}

}  // namespace mantlet::session
