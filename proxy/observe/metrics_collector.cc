#include "proxy/observe/metrics_collector.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "proxy/base/utf8.h"

namespace mantlet::observe {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Cell is one element of an array of cells, with the labels that distinguish it.
struct Cell {
  size_t index;
  Labels labels;
};

constexpr MetricType TypeOf(const Counter&) { return MetricType::Counter; }
constexpr MetricType TypeOf(const Gauge&) { return MetricType::Gauge; }

Labels Join(Labels labels, const Labels& more) {
  labels.insert(labels.end(), more.begin(), more.end());
  return labels;
}

// ---- cells of the workers: one sample for each set of labels, the sum over the workers

template <typename Cells, typename Value>
void AddSum(Families* out, const char* name, const char* help, const Sharded<Cells>& sharded,
            Value Cells::* member) {
  MetricFamily& family = AddFamily(out, name, help, TypeOf(Value()));
  for (const auto& [labels, shards] : sharded) {
    double sum = 0;
    for (const Cells* shard : shards) sum += static_cast<double>((shard->*member).value());
    AddSample(family, labels, sum);
  }
}

// Does the same for the elements `cells` of an array.
template <typename Cells, typename Value, size_t kSize>
void AddSums(Families* out, const char* name, const char* help, const Sharded<Cells>& sharded,
             std::array<Value, kSize> Cells::* member, const std::vector<Cell>& cells) {
  MetricFamily& family = AddFamily(out, name, help, TypeOf(Value()));
  for (const auto& [labels, shards] : sharded) {
    for (const Cell& cell : cells) {
      double sum = 0;
      for (const Cells* shard : shards) {
        sum += static_cast<double>((shard->*member)[cell.index].value());
      }
      AddSample(family, Join(labels, cell.labels), sum);
    }
  }
}

template <typename Cells, typename Histogram>
void AddHistogram(Families* out, const char* name, const char* help, const Sharded<Cells>& sharded,
                  Histogram Cells::* member) {
  constexpr const auto& bounds = Histogram::kBoundsUs;
  MetricFamily& family = AddFamily(out, name, help, MetricType::Histogram);
  for (const auto& [labels, shards] : sharded) {
    ClientMetric metric;
    metric.label = labels;
    uint64_t count = 0;
    uint64_t sum_us = 0;
    for (size_t i = 0; i <= bounds.size(); ++i) {
      for (const Cells* shard : shards) count += (shard->*member).cell(i);
      // The bucket for +Inf is written from sample_count.
      if (i < bounds.size()) {
        metric.histogram.bucket.push_back({count, static_cast<double>(bounds[i]) / 1e6});
      }
    }
    for (const Cells* shard : shards) sum_us += (shard->*member).sum_us();
    metric.histogram.sample_count = count;
    metric.histogram.sample_sum = static_cast<double>(sum_us) / 1e6;
    family.metric.push_back(std::move(metric));
  }
}

// Adds the newest example of each cell of the last histogram in `out`, among those of the workers.
template <typename Cells, typename Histogram>
void AddExemplars(const Families& out, const Sharded<Cells>& sharded, Histogram Cells::* member,
                  Exemplars* exemplars) {
  if (exemplars == nullptr) return;
  auto& of_family = (*exemplars)[out.back().name];
  for (const auto& [labels, shards] : sharded) {
    std::vector<std::optional<Exemplar>> newest(Histogram::kCells);
    for (const Cells* shard : shards) {
      for (size_t i = 0; i < newest.size(); ++i) {
        const std::optional<Exemplar> example = (shard->*member).example(i);
        if (example && (!newest[i] || newest[i]->wall_ms < example->wall_ms)) newest[i] = example;
      }
    }
    of_family.emplace(labels, std::move(newest));
  }
}

// Returns the cells of an array that is indexed by an enumeration, each with `label`. `label_of`
// returns an empty value for elements that are not exported.
template <typename LabelOf>
std::vector<Cell> CellsOf(const char* label, size_t count, LabelOf label_of) {
  std::vector<Cell> cells;
  for (size_t i = 0; i < count; ++i) {
    const std::string_view value = label_of(i);
    if (!value.empty()) cells.push_back({i, {{label, std::string(value)}}});
  }
  return cells;
}

template <size_t kCount>
std::vector<Cell> CellsOf(const char* label, const std::array<std::string_view, kCount>& values) {
  return CellsOf(label, kCount, [&](size_t i) { return values[i]; });
}

// Returns the cells in the order of ListenerMetrics::HandshakeCell.
std::vector<Cell> HandshakeCells() {
  const auto text = [](bool yes) { return yes ? "true" : "false"; };
  std::vector<Cell> cells;
  for (size_t i = 0; i < kTlsVersionCount * 4; ++i) {
    cells.push_back({i,
                     {{"version", std::string(kTlsVersionLabels[i / 4])},
                      {"resumed", text((i & 2) != 0)},
                      {"client_cert", text((i & 1) != 0)}}});
  }
  return cells;
}

std::string_view EndLabel(size_t i) {
  return base::CanEndConnection(i) ? ToString(static_cast<base::EndReason>(i)) : "";
}

std::string_view CertificateFaultLabel(size_t i) {
  const auto reason = static_cast<base::HandshakeFailure>(i);
  return base::IsAboutCertificate(reason) ? ToString(reason) : "";
}

std::string_view UpstreamFailureLabel(size_t i) {
  const auto reason = static_cast<base::ErrorReason>(i);
  return base::CountsAsUpstreamFailure(reason) ? base::FactsOf(reason).label : "";
}

}  // namespace

Families MetricsCollector::Collect(Exemplars* exemplars) const {
  Families out;
  Sharded<ListenerMetrics> listeners;
  Sharded<UpstreamMetrics> upstreams;
  Sharded<RequestMetrics> requests;
  Metrics::ProcessWide process_wide;
  {
    const std::lock_guard lock(metrics_.mutex_);
    process_wide = metrics_.process_wide_;
    for (const auto& shard : metrics_.shards_) {
      const std::lock_guard shard_lock(shard->mutex_);
      for (const auto& [name, cells] : shard->listeners_) {
        listeners[{{"listener", name}}].push_back(cells.get());
      }
      for (const auto& [name, cells] : shard->upstreams_) {
        upstreams[{{"upstream", name}}].push_back(cells.get());
      }
      for (const auto& [pair, cells] : shard->requests_) {
        requests[{{"listener", pair.first}, {"upstream", pair.second}}].push_back(cells.get());
      }
    }
  }
  CollectProcessWide(process_wide, &out);
  CollectListeners(listeners, &out);
  CollectClientExpiries(listeners, &out);
  CollectDenials(listeners, &out);
  CollectRequests(requests, &out, exemplars);
  CollectUpstreams(upstreams, &out, exemplars);
  return out;
}

void MetricsCollector::CollectListeners(const Sharded<ListenerMetrics>& all, Families* out) {
  using M = ListenerMetrics;
  AddSum(out, "mantlet_connections_total", "Downstream connections accepted.", all,
         &M::connections_);
  AddSum(out, "mantlet_connections_active", "Open downstream connections.", all, &M::active_);
  AddSums(
      out, "mantlet_connections_ended_total",
      "Open connections that were closed because their client would now be rejected, by reason.",
      all, &M::ended_, CellsOf("reason", base::kEndReasonCount, EndLabel));
  AddSums(
      out, "mantlet_client_timeouts_total",
      "Requests and connections that were cut because their client did not send or read in time, "
      "by reason.",
      all, &M::client_timeouts_, CellsOf("reason", base::kErrorReasonCount, ClientTimeoutLabel));
  AddSums(out, "mantlet_overload_refused_total",
          "Handshakes and requests that were refused because a worker has more to do than it can "
          "(limits.overload), by what.",
          all, &M::shed_, CellsOf("what", kShedWorkLabels));
  AddSums(out, "mantlet_tls_handshakes_total", "TLS handshakes completed.", all, &M::handshakes_,
          HandshakeCells());
  AddSums(out, "mantlet_tls_handshake_failures_total",
          "TLS handshakes that did not complete, by reason.", all, &M::handshake_failures_,
          CellsOf("reason", base::kHandshakeFailureLabels));
  AddSums(out, "mantlet_tls_resumptions_refused_total",
          "Session tickets that were rejected, so that a full handshake followed.", all,
          &M::resumptions_refused_, CellsOf("reason", base::kResumptionRefusalLabels));
  AddHistogram(out, "mantlet_tls_handshake_duration_seconds",
               "Time from accepting a connection to the end of its completed TLS handshake.", all,
               &M::handshake_duration_);
  AddSums(out, "mantlet_tls_client_certificates_not_verified_total",
          "Handshakes of clients that were accepted without an identity because their certificate "
          "does not verify (client_auth.mode request), by reason.",
          all, &M::not_verified_,
          CellsOf("reason", base::kHandshakeFailureCount, CertificateFaultLabel));
  AddSum(out, "mantlet_tls_server_auth_clients_total",
         "Handshakes of clients whose certificate's only extended key usage is serverAuth "
         "(client_auth.server_auth_clients).",
         all, &M::server_auth_clients_);
  AddSums(out, "mantlet_identity_fields_dropped_total",
          "Parts of client certificates omitted from the identity headers because they are unsafe "
          "or too large.",
          all, &M::identity_dropped_, CellsOf("reason", M::kIdentityDropLabels));
  AddSums(out, "mantlet_client_connections_total",
          "Downstream connections on which a protocol began, by protocol.", all, &M::protocols_,
          CellsOf("protocol", kClientProtocolLabels));
  AddSum(out, "mantlet_http2_streams_active", "Streams of HTTP/2 clients open now.", all,
         &M::streams_);
  AddSums(out, "mantlet_http2_streams_refused_total",
          "Streams of HTTP/2 clients that were refused before a request began, by reason.", all,
          &M::streams_refused_, CellsOf("reason", kStreamRefusalLabels));
  AddSums(out, "mantlet_http2_connections_closed_total",
          "HTTP/2 connections that were closed because of what the client did, by reason.", all,
          &M::http2_closed_, CellsOf("reason", kHttp2CloseReasonLabels));
}

void MetricsCollector::CollectClientExpiries(const Sharded<ListenerMetrics>& all,
                                             Families* out) const {
  MetricFamily& family = AddFamily(
      out, "mantlet_client_certificate_not_after_timestamp_seconds",
      "Soonest expiry time among the certificates of verified clients of the last 24 hours, by "
      "issuer, in seconds since the epoch.",
      MetricType::Gauge);
  for (const auto& [labels, shards] : all) {
    std::map<std::string, int64_t> soonest;
    for (const ListenerMetrics* shard : shards) {
      shard->client_expiries_.Collect(state_.now, &soonest);
    }
    std::map<std::string, int64_t> valid;
    for (const auto& [issuer, end] : soonest) {
      const auto [known, is_new] = valid.emplace(base::ValidUtf8(issuer), end);
      if (!is_new) known->second = std::min(known->second, end);
    }
    for (const auto& [issuer, end] : valid) {
      AddSample(family, Join(labels, {{"issuer", issuer}}), static_cast<double>(end));
    }
  }
}

void MetricsCollector::CollectDenials(const Sharded<ListenerMetrics>& all, Families* out) {
  MetricFamily& family =
      AddFamily(out, "mantlet_policy_denials_total",
                "Requests denied by policy, by the rule that decided.", MetricType::Counter);
  for (const auto& [labels, shards] : all) {
    std::map<std::string, double> by_rule;
    for (const ListenerMetrics* shard : shards) {
      const std::lock_guard lock(shard->rules_mutex_);
      for (const auto& [rule, counter] : shard->denials_) {
        by_rule[rule] += static_cast<double>(counter->value());
      }
    }
    for (const auto& [rule, count] : by_rule) {
      AddSample(family, Join(labels, {{"rule", rule}}), count);
    }
  }
}

void MetricsCollector::CollectRequests(const Sharded<RequestMetrics>& all, Families* out,
                                       Exemplars* exemplars) {
  using M = RequestMetrics;
  MetricFamily& family =
      AddFamily(out, "mantlet_requests_total",
                "Requests that ended, by method and status of the response.", MetricType::Counter);
  for (const auto& [labels, shards] : all) {
    for (size_t method = 0; method < M::kMethodLabels.size(); ++method) {
      for (size_t cell = 0; cell < M::kCodeCells; ++cell) {
        double count = 0;
        for (const M* shard : shards) {
          const auto* codes = shard->by_method_[method].load(std::memory_order_acquire);
          if (codes != nullptr) count += static_cast<double>((*codes)[cell].value());
        }
        // Exports only the combinations that have occurred, out of 5,000, and always GET 200, so
        // that the family is never empty.
        if (count == 0 && (method != 0 || cell != M::CodeCell(200))) continue;
        AddSample(family,
                  Join(labels, {{"method", std::string(M::kMethodLabels[method])},
                                {"code", M::CodeLabel(cell)}}),
                  count);
      }
    }
  }
  AddSum(out, "mantlet_requests_active",
         "Requests whose head has been read and whose response is not complete; tunnels included.",
         all, &M::active_);
  AddHistogram(out, "mantlet_request_duration_seconds",
               "Time from the first byte of a request to the last byte of its response.", all,
               &M::duration_);
  AddExemplars(*out, all, &M::duration_, exemplars);
  AddSum(out, "mantlet_request_bytes_total", "Content bytes received in requests.", all,
         &M::request_bytes_);
  AddSum(out, "mantlet_response_bytes_total", "Content bytes sent in responses.", all,
         &M::response_bytes_);
  AddSums(out, "mantlet_grpc_responses_total", "Responses to gRPC requests, by gRPC status.", all,
          &M::grpc_, CellsOf("grpc_status", http::kGrpcStatusNames));
}

void MetricsCollector::CollectUpstreams(const Sharded<UpstreamMetrics>& all, Families* out,
                                        Exemplars* exemplars) {
  using M = UpstreamMetrics;
  AddSums(out, "mantlet_upstream_connections", "Upstream connections, by state.", all,
          &M::connections_, CellsOf("state", kUpstreamConnectionStateLabels));
  AddSums(out, "mantlet_upstream_failures_total",
          "Failures of upstream connections and exchanges, by reason.", all, &M::failures_,
          CellsOf("reason", base::kErrorReasonCount, UpstreamFailureLabel));
  AddSum(out, "mantlet_upstream_requests_waiting",
         "Requests that wait for a connection to the upstream.", all, &M::waiting_);
  AddHistogram(out, "mantlet_upstream_response_head_duration_seconds",
               "Time from sending the head of a request to the head of its final response.", all,
               &M::head_duration_);
  AddExemplars(*out, all, &M::head_duration_, exemplars);
  AddSum(out, "mantlet_upstream_retries_total",
         "Requests sent again on another upstream connection.", all, &M::retries_);
  AddSum(out, "mantlet_upstream_retries_over_budget_total",
         "Requests that were not sent again although it was safe, because of the retry budget.",
         all, &M::retries_over_budget_);
}

}  // namespace mantlet::observe
