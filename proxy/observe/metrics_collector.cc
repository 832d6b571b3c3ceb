#include "proxy/observe/metrics_collector.h"

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <mutex>
#include <utility>

#include "proxy/base/utf8.h"
#include "proxy/observe/process_stats.h"

namespace mantlet::observe {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Families = std::vector<MetricFamily>;
using Labels = std::vector<ClientMetric::Label>;

// Cell is one element of an array of cells, with the labels that distinguish it.
struct Cell {
  size_t index;
  Labels labels;
};

constexpr MetricType TypeOf(const Counter&) { return MetricType::Counter; }
constexpr MetricType TypeOf(const Gauge&) { return MetricType::Gauge; }

// Adds an empty family. The reference is valid until the next family is added.
MetricFamily& AddFamily(Families* out, const char* name, const char* help, MetricType type) {
  MetricFamily& family = out->emplace_back();
  family.name = name;
  family.help = help;
  family.type = type;
  return family;
}

// Adds one sample to a counter's or gauge's family.
void AddSample(MetricFamily& family, Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  (family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  family.metric.push_back(std::move(metric));
}

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

template <typename Cells, const auto& kBounds>
void AddHistogram(Families* out, const char* name, const char* help, const Sharded<Cells>& sharded,
                  DurationHistogram<kBounds> Cells::* member) {
  MetricFamily& family = AddFamily(out, name, help, MetricType::Histogram);
  for (const auto& [labels, shards] : sharded) {
    ClientMetric metric;
    metric.label = labels;
    uint64_t count = 0;
    uint64_t sum_us = 0;
    for (size_t i = 0; i <= kBounds.size(); ++i) {
      for (const Cells* shard : shards) count += (shard->*member).cell(i);
      // prometheus-cpp writes the bucket for +Inf itself, from sample_count.
      if (i < kBounds.size()) {
        metric.histogram.bucket.push_back({count, static_cast<double>(kBounds[i]) / 1e6});
      }
    }
    for (const Cells* shard : shards) sum_us += (shard->*member).sum_us();
    metric.histogram.sample_count = count;
    metric.histogram.sample_sum = static_cast<double>(sum_us) / 1e6;
    family.metric.push_back(std::move(metric));
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

// ---- values of the main thread

void AddOne(Families* out, const char* name, const char* help, MetricType type, double value) {
  AddSample(AddFamily(out, name, help, type), {}, value);
}

template <typename Value>
void AddByName(Families* out, const char* name, const char* help, MetricType type,
               const char* label, const std::map<std::string, Value>& values) {
  MetricFamily& family = AddFamily(out, name, help, type);
  for (const auto& [key, value] : values) {
    AddSample(family, {{label, key}}, static_cast<double>(value));
  }
}

// A label and the member of `Item` that holds its value.
template <typename Item>
using LabelMembers = std::initializer_list<std::pair<const char*, std::string Item::*>>;

// Adds a gauge with the earliest `value` (1 if null) of the items with the same labels. Label
// values come from files and certificates, so two items may have the same labels (a bundle with an
// old and a new root of one name, a file named twice), but two series may not.
template <typename Item>
void AddEarliest(Families* out, const char* name, const char* help, const std::vector<Item>& items,
                 LabelMembers<Item> members, int64_t Item::* value) {
  std::map<Labels, int64_t> earliest;
  for (const Item& item : items) {
    Labels labels;
    // An invalid byte in a label would make Prometheus reject the whole scrape.
    for (const auto& [label, member] : members) {
      labels.push_back({label, base::ValidUtf8(item.*member)});
    }
    const int64_t moment = value == nullptr ? 1 : item.*value;
    const auto [entry, is_new] = earliest.emplace(std::move(labels), moment);
    if (!is_new) entry->second = std::min(entry->second, moment);
  }
  MetricFamily& family = AddFamily(out, name, help, MetricType::Gauge);
  for (const auto& [labels, moment] : earliest) {
    AddSample(family, labels, static_cast<double>(moment));
  }
}

void AddExpiries(Families* out, const Expiries& expiries) {
  using C = Expiries::Certificate;
  AddEarliest(out, "mantlet_certificate_not_after_timestamp_seconds",
              "Expiry time of a server certificate or one of its intermediates, in seconds since "
              "the epoch.",
              expiries.certificates,
              {{"listener", &C::listener},
               {"file", &C::file},
               {"subject", &C::subject},
               {"serial", &C::serial}},
              &C::not_after);
  using A = Expiries::TrustAnchor;
  AddEarliest(out, "mantlet_trust_anchor_not_after_timestamp_seconds",
              "Expiry time of a certificate in a trust bundle, in seconds since the epoch.",
              expiries.trust_anchors,
              {{"listener", &A::listener},
               {"file", &A::file},
               {"subject", &A::subject},
               {"serial", &A::serial},
               {"trust_domain", &A::trust_domain}},
              &A::not_after);
  using L = Expiries::Crl;
  AddEarliest(
      out, "mantlet_crl_next_update_timestamp_seconds",
      "Time at which a revocation list must be replaced (nextUpdate), in seconds since the epoch.",
      expiries.crls, {{"listener", &L::listener}, {"file", &L::file}, {"issuer", &L::issuer}},
      &L::next_update);
  using W = Expiries::WithoutCrl;
  AddEarliest(out, "mantlet_crl_missing",
              "1 for each CA without a revocation list although lists are in use.",
              expiries.without_crl, {{"listener", &W::listener}, {"issuer", &W::issuer}},
              static_cast<int64_t W::*>(nullptr));
  using O = Expiries::OcspResponse;
  AddEarliest(out, "mantlet_ocsp_next_update_timestamp_seconds",
              "Expiry time of a stapled OCSP response (nextUpdate), in seconds since the epoch.",
              expiries.ocsp_responses, {{"listener", &O::listener}, {"file", &O::file}},
              &O::next_update);
}

void AddMemory(Families* out, const base::MemoryBudget* memory) {
  static const base::MemoryBudget kNone([] { return size_t{0}; });
  if (memory == nullptr) memory = &kNone;
  AddOne(out, "mantlet_memory_limit_bytes", "limits.memory, in bytes; 0 if there is none.",
         MetricType::Gauge, static_cast<double>(memory->limit()));
  AddOne(out, "mantlet_memory_used_ratio",
         "Share of the memory for connections that is used, as of the last traffic; more than 1 if "
         "limits.memory is exceeded.",
         MetricType::Gauge, memory->fill() / 1000.0);
  AddByName<uint64_t>(out, "mantlet_memory_connections_total",
                      "Connections that were given up because memory is scarce, by what was done.",
                      MetricType::Counter, "action",
                      {{"idle_ended", memory->counts.idle_ended.load()},
                       {"refused", memory->counts.refused.load()},
                       {"cut", memory->counts.cut.load()}});
}

void AddProcess(Families* out) {
  const ProcessStats stats = ReadProcessStats();
  AddOne(out, "process_cpu_seconds_total", "User and system CPU time spent, in seconds.",
         MetricType::Counter, stats.cpu_seconds);
  const struct {
    const char *name, *help;
    double value;
  } gauges[] = {
      {"process_resident_memory_bytes", "Resident memory, in bytes.",
       static_cast<double>(stats.resident_bytes)},
      {"process_virtual_memory_bytes", "Virtual memory, in bytes.",
       static_cast<double>(stats.virtual_bytes)},
      {"process_open_fds", "Number of open file descriptors.", static_cast<double>(stats.open_fds)},
      {"process_max_fds", "Maximum number of open file descriptors.",
       static_cast<double>(stats.max_fds)},
      {"process_start_time_seconds", "Start time of the process, in seconds since the epoch.",
       stats.start_time_seconds},
      {"process_threads", "Number of operating system threads.",
       static_cast<double>(stats.threads)},
  };
  for (const auto& row : gauges) AddOne(out, row.name, row.help, MetricType::Gauge, row.value);
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

double SecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
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

Families MetricsCollector::Collect() const {
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
  CollectDenials(listeners, &out);
  CollectRequests(requests, &out);
  CollectUpstreams(upstreams, &out);
  AddProcess(&out);
  return out;
}

void MetricsCollector::CollectProcessWide(const Metrics::ProcessWide& now, Families* out) const {
  Labels build;
  for (const auto& [name, value] : metrics_.build_info_) build.push_back({name, value});
  AddSample(AddFamily(out, "mantlet_build_info",
                      "Versions of this binary and its libraries; always 1.", MetricType::Gauge),
            std::move(build), 1);
  AddExpiries(out, *now.expiries);
  AddByName<uint64_t>(out, "mantlet_reloads_total",
                      "Reloads of configuration and certificates, by result.", MetricType::Counter,
                      "result",
                      {{"success", now.reloads_succeeded},
                       {"partial", now.reloads_partial},
                       {"failure", now.reloads_failed}});
  AddOne(out, "mantlet_reload_last_success_timestamp_seconds",
         "Time at which a configuration last took effect, in seconds since the epoch.",
         MetricType::Gauge, static_cast<double>(now.last_success));
  AddOne(out, "mantlet_reload_pending", "1 while the files on disk differ from those in use.",
         MetricType::Gauge, now.pending ? 1 : 0);
  AddOne(out, "mantlet_reload_in_progress_seconds",
         "Time since the files began to be read, in seconds; 0 while they are not read.",
         MetricType::Gauge, now.reading_since.has_value() ? SecondsSince(*now.reading_since) : 0);
  AddByName(out, "mantlet_listener_reload_pending",
            "1 while the files of a listener on disk are not what it serves and trusts.",
            MetricType::Gauge, "listener", now.listeners_pending);
  AddOne(out, "mantlet_draining", "1 once a drain has begun.", MetricType::Gauge,
         now.draining ? 1 : 0);
  MetricFamily& upgrades = AddFamily(
      out, "mantlet_upgrades_total",
      "Upgrades that have ended, by the role of this process and the result.", MetricType::Counter);
  constexpr std::array<std::pair<const char*, const char*>, 4> kUpgrades = {
      {{"predecessor", "success"},
       {"predecessor", "failure"},
       {"successor", "success"},
       {"successor", "unconfirmed"}}};
  for (size_t i = 0; i < kUpgrades.size(); ++i) {
    AddSample(upgrades, {{"role", kUpgrades[i].first}, {"result", kUpgrades[i].second}},
              static_cast<double>(now.upgrades[i]));
  }
  AddByName(out, "mantlet_sandbox",
            "1 if the mechanism of the kernel confines this process, 0 if it is off or missing.",
            MetricType::Gauge, "mechanism", now.sandbox);
  AddOne(out, "mantlet_access_log_dropped_total",
         "Access log lines dropped because they could not be written.", MetricType::Counter,
         now.access_log_dropped ? static_cast<double>(now.access_log_dropped()) : 0);
  AddMemory(out, now.memory);
  AddByName(out, "mantlet_upstream_addresses",
            "Addresses of an upstream; 0 while its name cannot be resolved.", MetricType::Gauge,
            "upstream", now.upstream_addresses);
  AddByName(out, "mantlet_upstream_circuit_open",
            "Addresses of an upstream to which no request causes a connection, because the last "
            "ones failed.",
            MetricType::Gauge, "upstream", now.upstream_circuits_open);
  AddByName(out, "mantlet_upstream_healthy",
            "Addresses of an upstream that pass their health checks.", MetricType::Gauge,
            "upstream", now.upstream_healthy);
  AddByName(out, "mantlet_upstream_resolve_failures_total",
            "Lookups of an upstream's name that failed.", MetricType::Counter, "upstream",
            now.upstream_resolve_failures);
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

void MetricsCollector::CollectRequests(const Sharded<RequestMetrics>& all, Families* out) {
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
  AddHistogram(out, "mantlet_request_duration_seconds",
               "Time from the first byte of a request to the last byte of its response.", all,
               &M::duration_);
  AddSum(out, "mantlet_request_bytes_total", "Content bytes received in requests.", all,
         &M::request_bytes_);
  AddSum(out, "mantlet_response_bytes_total", "Content bytes sent in responses.", all,
         &M::response_bytes_);
  AddSums(out, "mantlet_grpc_responses_total", "Responses to gRPC requests, by gRPC status.", all,
          &M::grpc_, CellsOf("grpc_status", http::kGrpcStatusNames));
}

void MetricsCollector::CollectUpstreams(const Sharded<UpstreamMetrics>& all, Families* out) {
  using M = UpstreamMetrics;
  AddSums(out, "mantlet_upstream_connections", "Upstream connections, by state.", all,
          &M::connections_, CellsOf("state", kUpstreamConnectionStateLabels));
  AddSums(out, "mantlet_upstream_failures_total",
          "Failures of upstream connections and exchanges, by reason.", all, &M::failures_,
          CellsOf("reason", base::kErrorReasonCount, UpstreamFailureLabel));
  AddSum(out, "mantlet_upstream_retries_total",
         "Requests sent again on another upstream connection.", all, &M::retries_);
  AddSum(out, "mantlet_upstream_retries_over_budget_total",
         "Requests that were not sent again although it was safe, because of the retry budget.",
         all, &M::retries_over_budget_);
}

}  // namespace mantlet::observe
