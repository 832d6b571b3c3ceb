#include "proxy/session/denial_record.h"

#include <vector>

namespace mantlet::session {

void RecordDenial(WorkerContext& worker, std::string_view listener, std::string_view peer,
                  std::string_view rule, const http::RequestHead& head,
                  const identity::PeerIdentity* identity) {
  if (!worker.logger.enabled(base::LogLevel::kWarn)) return;
  auto permit = worker.client_log_budget.Ask(worker.clock.MonotonicMs());
  if (!permit) return;
  std::vector<base::LogField> fields = {
      {"listener", listener},
      {"peer", peer},
      {"rule", rule},
      {"method", std::string_view(head.method_text)},
      {"target", std::string_view(head.target)},
  };
  if (identity != nullptr) {
    if (!identity->tls.sni.empty()) fields.emplace_back("sni", identity->tls.sni);
    if (identity->has_certificate()) {
      fields.emplace_back("subject", identity->certificate->subject);
      fields.emplace_back("serial", identity->certificate->serial);
      if (!identity->certificate->spiffe_id.empty()) {
        fields.emplace_back("spiffe_id", identity->certificate->spiffe_id);
      }
    }
  }
  if (permit.suppressed > 0) fields.emplace_back("suppressed", permit.suppressed);
  worker.logger.Log(base::LogLevel::kWarn, "policy_denied", "The policy denied a request.", fields);
}

void RecordIgnoredUpgrade(WorkerContext& worker, std::string_view listener, std::string_view peer,
                          const http::RequestHead& head) {
  if (!worker.logger.enabled(base::LogLevel::kInfo)) return;
  auto permit = worker.client_log_budget.Ask(worker.clock.MonotonicMs());
  if (!permit) return;
  const auto protocol = head.headers.Find(http::HeaderId::kUpgrade);
  worker.logger.Info("upgrade_ignored", "A request is forwarded without its Upgrade field.",
                     {{"listener", listener},
                      {"peer", peer},
                      {"protocol", protocol ? std::string_view(*protocol) : std::string_view()},
                      {"detail", head.upgrade_ignored},
                      {"method", std::string_view(head.method_text)},
                      {"target", std::string_view(head.target)},
                      {"suppressed", permit.suppressed}});
}

void RecordGrpcOverHttp1(WorkerContext& worker, const ListenerState& listener,
                         std::string_view peer, const http::RequestHead& head) {
  if (!worker.logger.enabled(base::LogLevel::kWarn)) return;
  auto permit = worker.client_log_budget.Ask(worker.clock.MonotonicMs());
  if (!permit) return;
  std::vector<base::LogField> fields = {
      {"listener", std::string_view(listener.config.name)},
      {"upstream", std::string_view(listener.config.upstream)},
      {"peer", peer},
      {"target", std::string_view(head.target)},
      {"hint", std::string_view("set upstreams[].protocol: h2c")},
  };
  if (permit.suppressed > 0) fields.emplace_back("suppressed", permit.suppressed);
  worker.logger.Log(base::LogLevel::kWarn, "grpc_over_http1",
                    "A gRPC request was rejected because its upstream's protocol is HTTP/1.1.",
                    fields);
}

}  // namespace mantlet::session
