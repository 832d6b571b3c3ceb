#include "proxy/observe/metrics_collector.h"

#include <algorithm>
#include <mutex>

#include "proxy/base/utf8.h"
#include "proxy/observe/process_stats.h"

namespace mantlet::observe {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

MetricFamily Family(const char* name, MetricType type, const char* help) {
  MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  return family;
}

MetricFamily CounterFamily(const char* name, const char* help) {
  return Family(name, MetricType::Counter, help);
}

MetricFamily GaugeFamily(const char* name, const char* help) {
  return Family(name, MetricType::Gauge, help);
}

// Adds one sample to a counter's or gauge's family.
void AddSample(MetricFamily* family, Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  if (family->type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family->metric.push_back(std::move(metric));
}

void AddFamilyOfOne(std::vector<MetricFamily>* out, MetricFamily family, double value) {
  AddSample(&family, {}, value);
  out->push_back(std::move(family));
}

std::string Text(std::string_view text) { return std::string(text); }

// The sum over the workers of what `cell` picks.
template <typename Cells, typename Cell>
double Sum(const std::vector<const Cells*>& shards, Cell cell) {
  double sum = 0;
  for (const Cells* shard : shards) sum += static_cast<double>(cell(*shard).value());
  return sum;
}

template <const auto& kBounds, typename Cells, typename Pick>
void AddHistogram(MetricFamily* family, Labels labels, const std::vector<const Cells*>& shards,
                  Pick pick) {
  using Histogram = DurationHistogram<kBounds>;
  ClientMetric metric;
  metric.label = std::move(labels);
  uint64_t count = 0;
  uint64_t sum_us = 0;
  for (size_t i = 0; i < Histogram::kCells; ++i) {
    for (const Cells* shard : shards) count += pick(*shard).cell(i);
    // prometheus-cpp writes the bucket for +Inf itself, out of sample_count.
    if (i < kBounds.size()) {
      metric.histogram.bucket.push_back({count, static_cast<double>(kBounds[i]) / 1e6});
    }
  }
  for (const Cells* shard : shards) sum_us += pick(*shard).sum_us();
  metric.histogram.sample_count = count;
  metric.histogram.sample_sum = static_cast<double>(sum_us) / 1e6;
  family->metric.push_back(std::move(metric));
}

// Samples whose label values come out of files and certificates. Two of them may
// have the same labels (a bundle with an old and a new root of one name, a file
// named twice); a series may not, so the earliest moment stands for all.
class Moments {
 public:
  void Add(Labels labels, int64_t moment) {
    // One stray byte in a label would make Prometheus refuse the whole scrape.
    for (ClientMetric::Label& label : labels) label.value = base::ValidUtf8(label.value);
    const auto [entry, is_new] = earliest_.emplace(std::move(labels), moment);
    if (!is_new) entry->second = std::min(entry->second, moment);
  }
  void MoveTo(MetricFamily* family) {
    for (const auto& [labels, moment] : earliest_) {
      AddSample(family, labels, static_cast<double>(moment));
    }
    earliest_.clear();
  }

 private:
  std::map<Labels, int64_t> earliest_;
};

}  // namespace

std::vector<MetricFamily> MetricsCollector::Collect() const {
  Families out;
  Listeners listeners;
  Upstreams upstreams;
  Requests requests;
  {
    const std::lock_guard lock(metrics_.mutex_);
    CollectBuildInfo(&out);
    CollectExpiries(&out);
    CollectLifeCycle(&out);
    CollectResolving(&out);
    for (const auto& shard : metrics_.shards_) {
      const std::lock_guard shard_lock(shard->mutex_);
      for (const auto& [name, cells] : shard->listeners_) listeners[name].push_back(cells.get());
      for (const auto& [name, cells] : shard->upstreams_) upstreams[name].push_back(cells.get());
      for (const auto& [pair, cells] : shard->requests_) requests[pair].push_back(cells.get());
    }
  }
  CollectConnections(listeners, &out);
  CollectHandshakes(listeners, &out);
  CollectClientCertificates(listeners, &out);
  CollectIdentity(listeners, &out);
  CollectPolicy(listeners, &out);
  CollectRequests(requests, &out);
  CollectUpstreams(upstreams, &out);
  CollectProcess(&out);
  return out;
}

void MetricsCollector::CollectConnections(const Listeners& listeners, Families* out) const {
  MetricFamily total =
      CounterFamily("mantlet_connections_total", "Downstream connections accepted.");
  MetricFamily active =
      GaugeFamily("mantlet_connections_active", "Downstream connections open now.");
  MetricFamily ended =
      CounterFamily("mantlet_connections_ended_total",
                    "Open connections that were ended because their client would not be let in "
                    "any more, by reason.");
  for (const auto& [name, shards] : listeners) {
    AddSample(&total, {{"listener", name}},
              Sum(shards, [](const auto& m) -> auto& { return m.connections_; }));
    AddSample(&active, {{"listener", name}},
              Sum(shards, [](const auto& m) -> auto& { return m.active_; }));
    for (size_t reason = 0; reason < base::kEndReasonCount; ++reason) {
      if (!base::CanEndConnection(reason)) continue;
      AddSample(
          &ended,
          {{"listener", name}, {"reason", Text(ToString(static_cast<base::EndReason>(reason)))}},
          Sum(shards, [=](const auto& m) -> auto& { return m.ended_[reason]; }));
    }
  }
  out->push_back(std::move(total));
  out->push_back(std::move(active));
  out->push_back(std::move(ended));
}

void MetricsCollector::CollectHandshakes(const Listeners& listeners, Families* out) const {
  MetricFamily done = CounterFamily("mantlet_tls_handshakes_total", "TLS handshakes completed.");
  MetricFamily failed = CounterFamily("mantlet_tls_handshake_failures_total",
                                      "TLS handshakes that did not complete, by reason.");
  MetricFamily refused =
      CounterFamily("mantlet_tls_resumptions_refused_total",
                    "Session tickets that were not taken, so that a full handshake followed.");
  MetricFamily duration =
      Family("mantlet_tls_handshake_duration_seconds", MetricType::Histogram,
             "Time from accepting a connection to the end of its completed TLS handshake.");
  for (const auto& [name, shards] : listeners) {
    for (size_t version = 0; version < kTlsVersionCount; ++version) {
      for (const bool resumed : {false, true}) {
        for (const bool client_cert : {false, true}) {
          const size_t cell = ListenerMetrics::HandshakeCell(static_cast<TlsVersionLabel>(version),
                                                             resumed, client_cert);
          AddSample(&done,
                    {{"listener", name},
                     {"version", Text(kTlsVersionLabels[version])},
                     {"resumed", resumed ? "true" : "false"},
                     {"client_cert", client_cert ? "true" : "false"}},
                    Sum(shards, [=](const auto& m) -> auto& { return m.handshakes_[cell]; }));
        }
      }
    }
    for (size_t reason = 0; reason < base::kHandshakeFailureCount; ++reason) {
      AddSample(&failed,
                {{"listener", name}, {"reason", Text(base::kHandshakeFailureLabels[reason])}},
                Sum(shards, [=](const auto& m) -> auto& { return m.handshake_failures_[reason]; }));
    }
    for (size_t reason = 0; reason < base::kResumptionRefusalCount; ++reason) {
      AddSample(
          &refused, {{"listener", name}, {"reason", Text(base::kResumptionRefusalLabels[reason])}},
          Sum(shards, [=](const auto& m) -> auto& { return m.resumptions_refused_[reason]; }));
    }
    AddHistogram<kHandshakeBoundsUs>(&duration, {{"listener", name}}, shards,
                                     [](const auto& m) -> auto& { return m.handshake_duration_; });
  }
  out->push_back(std::move(done));
  out->push_back(std::move(failed));
  out->push_back(std::move(refused));
  out->push_back(std::move(duration));
}

void MetricsCollector::CollectClientCertificates(const Listeners& listeners, Families* out) const {
  MetricFamily not_verified = CounterFamily(
      "mantlet_tls_client_certificates_not_verified_total",
      "Handshakes of clients that were let in without an identity because their certificate does "
      "not verify (client_auth.mode request), by reason.");
  MetricFamily server_auth =
      CounterFamily("mantlet_tls_server_auth_clients_total",
                    "Handshakes of clients whose certificate's only extended key usage is "
                    "serverAuth (client_auth.server_auth_clients).");
  for (const auto& [name, shards] : listeners) {
    for (size_t reason = 0; reason < base::kHandshakeFailureCount; ++reason) {
      if (!base::IsAboutCertificate(static_cast<base::HandshakeFailure>(reason))) continue;
      AddSample(&not_verified,
                {{"listener", name}, {"reason", Text(base::kHandshakeFailureLabels[reason])}},
                Sum(shards, [=](const auto& m) -> auto& { return m.not_verified_[reason]; }));
    }
    AddSample(&server_auth, {{"listener", name}},
              Sum(shards, [](const auto& m) -> auto& { return m.server_auth_clients_; }));
  }
  out->push_back(std::move(not_verified));
  out->push_back(std::move(server_auth));
}

void MetricsCollector::CollectIdentity(const Listeners& listeners, Families* out) const {
  MetricFamily dropped = CounterFamily("mantlet_identity_fields_dropped_total",
                                       "Parts of client certificates left out of the identity "
                                       "headers: unsafe to read, or too large.");
  for (const auto& [name, shards] : listeners) {
    AddSample(&dropped, {{"listener", name}, {"reason", "unsafe"}},
              Sum(shards, [](const auto& m) -> auto& { return m.identity_unsafe_; }));
    AddSample(&dropped, {{"listener", name}, {"reason", "too_large"}},
              Sum(shards, [](const auto& m) -> auto& { return m.identity_too_large_; }));
  }
  out->push_back(std::move(dropped));
}

void MetricsCollector::CollectPolicy(const Listeners& listeners, Families* out) const {
  MetricFamily denials = CounterFamily("mantlet_policy_denials_total",
                                       "Requests refused by policy, by the rule that decided.");
  for (const auto& [name, shards] : listeners) {
    std::map<std::string, double> by_rule;
    for (const ListenerMetrics* shard : shards) {
      const std::lock_guard lock(shard->rules_mutex_);
      for (const auto& [rule, counter] : shard->denials_) {
        by_rule[rule] += static_cast<double>(counter->value());
      }
    }
    for (const auto& [rule, count] : by_rule) {
      AddSample(&denials, {{"listener", name}, {"rule", rule}}, count);
    }
  }
  out->push_back(std::move(denials));
}

void MetricsCollector::CollectRequests(const Requests& requests, Families* out) const {
  MetricFamily total = CounterFamily("mantlet_requests_total",
                                     "Requests that ended, by method and status of the response.");
  MetricFamily duration =
      Family("mantlet_request_duration_seconds", MetricType::Histogram,
             "Time from the first byte of a request to the last byte of its response.");
  MetricFamily request_bytes =
      CounterFamily("mantlet_request_bytes_total", "Content bytes received in requests.");
  MetricFamily response_bytes =
      CounterFamily("mantlet_response_bytes_total", "Content bytes sent in responses.");
  for (const auto& [pair, shards] : requests) {
    const Labels labels = {{"listener", pair.first}, {"upstream", pair.second}};
    for (size_t method = 0; method < RequestMetrics::kMethodLabels.size(); ++method) {
      for (size_t cell = 0; cell < RequestMetrics::kCodeCells; ++cell) {
        double count = 0;
        for (const RequestMetrics* shard : shards) {
          const auto* codes = shard->by_method_[method].load(std::memory_order_acquire);
          if (codes != nullptr) count += static_cast<double>((*codes)[cell].value());
        }
        // Rows for 5,000 combinations would help nobody; these begin with GET 200
        // so that the family is never empty.
        const bool always = method == 0 && cell == RequestMetrics::CodeCell(200);
        if (count == 0 && !always) continue;
        Labels row = labels;
        row.push_back({"method", Text(RequestMetrics::kMethodLabels[method])});
        row.push_back({"code", RequestMetrics::CodeLabel(cell)});
        AddSample(&total, std::move(row), count);
      }
    }
    AddHistogram<kRequestBoundsUs>(&duration, labels, shards,
                                   [](const auto& m) -> auto& { return m.duration_; });
    AddSample(&request_bytes, labels,
              Sum(shards, [](const auto& m) -> auto& { return m.request_bytes_; }));
    AddSample(&response_bytes, labels,
              Sum(shards, [](const auto& m) -> auto& { return m.response_bytes_; }));
  }
  for (MetricFamily* family : {&total, &duration, &request_bytes, &response_bytes}) {
    out->push_back(std::move(*family));
  }
}

void MetricsCollector::CollectUpstreams(const Upstreams& upstreams, Families* out) const {
  MetricFamily connections =
      GaugeFamily("mantlet_upstream_connections", "Upstream connections now, by state.");
  MetricFamily failures =
      CounterFamily("mantlet_upstream_failures_total",
                    "Failures of upstream connections and exchanges, by reason.");
  MetricFamily retries = CounterFamily("mantlet_upstream_retries_total",
                                       "Requests sent again on another upstream connection.");
  for (const auto& [name, shards] : upstreams) {
    for (size_t state = 0; state < kUpstreamConnectionStateCount; ++state) {
      AddSample(&connections,
                {{"upstream", name}, {"state", Text(kUpstreamConnectionStateLabels[state])}},
                Sum(shards, [=](const auto& m) -> auto& { return m.connections_[state]; }));
    }
    for (size_t i = 0; i < base::kErrorReasonCount; ++i) {
      const auto reason = static_cast<base::ErrorReason>(i);
      if (!base::CountsAsUpstreamFailure(reason)) continue;
      AddSample(&failures, {{"upstream", name}, {"reason", Text(base::FactsOf(reason).label)}},
                Sum(shards, [=](const auto& m) -> auto& { return m.failures_[i]; }));
    }
    AddSample(&retries, {{"upstream", name}},
              Sum(shards, [](const auto& m) -> auto& { return m.retries_; }));
  }
  out->push_back(std::move(connections));
  out->push_back(std::move(failures));
  out->push_back(std::move(retries));
}

void MetricsCollector::CollectBuildInfo(Families* out) const {
  MetricFamily family =
      GaugeFamily("mantlet_build_info", "What this binary was built from; always 1.");
  Labels labels;
  for (const auto& [name, value] : metrics_.build_info_) labels.push_back({name, value});
  AddSample(&family, std::move(labels), 1);
  out->push_back(std::move(family));
}

void MetricsCollector::CollectExpiries(Families* out) const {
  const Expiries& expiries = metrics_.process_wide_.expiries;
  MetricFamily certificates =
      GaugeFamily("mantlet_certificate_not_after_timestamp_seconds",
                  "When a server certificate or one of its intermediates ends, since the epoch.");
  Moments moments;
  for (const auto& c : expiries.certificates) {
    moments.Add(
        {{"listener", c.listener}, {"file", c.file}, {"subject", c.subject}, {"serial", c.serial}},
        c.not_after);
  }
  moments.MoveTo(&certificates);
  MetricFamily anchors = GaugeFamily("mantlet_trust_anchor_not_after_timestamp_seconds",
                                     "When a certificate of a trust bundle ends, since the epoch.");
  for (const auto& a : expiries.trust_anchors) {
    moments.Add({{"listener", a.listener},
                 {"file", a.file},
                 {"subject", a.subject},
                 {"serial", a.serial},
                 {"trust_domain", a.trust_domain}},
                a.not_after);
  }
  moments.MoveTo(&anchors);
  MetricFamily crls = GaugeFamily("mantlet_crl_next_update_timestamp_seconds",
                                  "When a revocation list is to be replaced, since the epoch.");
  for (const auto& c : expiries.crls) {
    moments.Add({{"listener", c.listener}, {"file", c.file}, {"issuer", c.issuer}}, c.next_update);
  }
  moments.MoveTo(&crls);
  MetricFamily missing = GaugeFamily(
      "mantlet_crl_missing", "1 for each CA without a revocation list although lists are in use.");
  for (const auto& c : expiries.without_crl) {
    moments.Add({{"listener", c.listener}, {"issuer", c.issuer}}, 1);
  }
  moments.MoveTo(&missing);
  MetricFamily responses = GaugeFamily("mantlet_ocsp_next_update_timestamp_seconds",
                                       "When a stapled OCSP response ends, since the epoch.");
  for (const auto& o : expiries.ocsp_responses) {
    moments.Add({{"listener", o.listener}, {"file", o.file}}, o.next_update);
  }
  moments.MoveTo(&responses);
  for (MetricFamily* family : {&certificates, &anchors, &crls, &missing, &responses})
    out->push_back(std::move(*family));
}

void MetricsCollector::CollectLifeCycle(Families* out) const {
  const auto& now = metrics_.process_wide_;
  MetricFamily reloads = CounterFamily("mantlet_reloads_total",
                                       "Reloads of configuration and certificates, by result.");
  AddSample(&reloads, {{"result", "success"}}, static_cast<double>(now.reloads_succeeded));
  AddSample(&reloads, {{"result", "partial"}}, static_cast<double>(now.reloads_partial));
  AddSample(&reloads, {{"result", "failure"}}, static_cast<double>(now.reloads_failed));
  out->push_back(std::move(reloads));
  AddFamilyOfOne(out,
                 GaugeFamily("mantlet_reload_last_success_timestamp_seconds",
                             "When a configuration last took effect, since the epoch."),
                 static_cast<double>(now.last_success));
  AddFamilyOfOne(
      out,
      GaugeFamily("mantlet_reload_pending", "1 while the files on disk are not what is served."),
      now.pending ? 1 : 0);
  MetricFamily pending =
      GaugeFamily("mantlet_listener_reload_pending",
                  "1 while the files of a listener on disk are not what it serves and trusts.");
  for (const auto& [listener, waits] : now.listeners_pending) {
    AddSample(&pending, {{"listener", listener}}, waits ? 1 : 0);
  }
  out->push_back(std::move(pending));
  AddFamilyOfOne(out, GaugeFamily("mantlet_draining", "1 once a drain has begun."),
                 now.draining ? 1 : 0);
  AddFamilyOfOne(out,
                 CounterFamily("mantlet_access_log_dropped_total",
                               "Access log lines thrown away because they could not be written."),
                 now.access_log_dropped ? static_cast<double>(now.access_log_dropped()) : 0);
}

void MetricsCollector::CollectResolving(Families* out) const {
  MetricFamily addresses =
      GaugeFamily("mantlet_upstream_addresses",
                  "Addresses of an upstream; 0 while its name cannot be resolved.");
  for (const auto& [name, count] : metrics_.process_wide_.upstream_addresses) {
    AddSample(&addresses, {{"upstream", name}}, static_cast<double>(count));
  }
  MetricFamily failures = CounterFamily("mantlet_upstream_resolve_failures_total",
                                        "Lookups of an upstream's name that failed.");
  for (const auto& [name, count] : metrics_.process_wide_.upstream_resolve_failures) {
    AddSample(&failures, {{"upstream", name}}, static_cast<double>(count));
  }
  out->push_back(std::move(addresses));
  out->push_back(std::move(failures));
}

void MetricsCollector::CollectProcess(Families* out) {
  const ProcessStats stats = ReadProcessStats();
  AddFamilyOfOne(
      out,
      CounterFamily("process_cpu_seconds_total", "User and system CPU time spent, in seconds."),
      stats.cpu_seconds);
  AddFamilyOfOne(out, GaugeFamily("process_resident_memory_bytes", "Resident memory, in bytes."),
                 static_cast<double>(stats.resident_bytes));
  AddFamilyOfOne(out, GaugeFamily("process_virtual_memory_bytes", "Virtual memory, in bytes."),
                 static_cast<double>(stats.virtual_bytes));
  AddFamilyOfOne(out, GaugeFamily("process_open_fds", "File descriptors open."),
                 static_cast<double>(stats.open_fds));
  AddFamilyOfOne(out, GaugeFamily("process_max_fds", "File descriptors allowed."),
                 static_cast<double>(stats.max_fds));
  AddFamilyOfOne(out,
                 GaugeFamily("process_start_time_seconds",
                             "When the process started, in seconds since the epoch."),
                 stats.start_time_seconds);
  AddFamilyOfOne(out, GaugeFamily("process_threads", "Operating system threads."),
                 static_cast<double>(stats.threads));
}

}  // namespace mantlet::observe
