// The part of the scrape that has the state of the whole process.

#include <algorithm>
#include <array>
#include <chrono>
#include <initializer_list>
#include <utility>

#include "proxy/base/utf8.h"
#include "proxy/observe/metrics_collector.h"
#include "proxy/observe/process_stats.h"

namespace mantlet::observe {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

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
  AddEarliest(out, "mantlet_certificate_not_before_timestamp_seconds",
              "Begin of the validity of a server certificate or one of its intermediates, in "
              "seconds since the epoch.",
              expiries.certificates,
              {{"listener", &C::listener},
               {"file", &C::file},
               {"subject", &C::subject},
               {"serial", &C::serial}},
              &C::not_before);
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
  AddEarliest(
      out, "mantlet_crl_this_update_timestamp_seconds",
      "Time at which a revocation list was issued (thisUpdate), in seconds since the epoch.",
      expiries.crls, {{"listener", &L::listener}, {"file", &L::file}, {"issuer", &L::issuer}},
      &L::this_update);
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
  AddEarliest(out, "mantlet_ocsp_this_update_timestamp_seconds",
              "Time at which a stapled OCSP response was issued (thisUpdate), in seconds since the "
              "epoch.",
              expiries.ocsp_responses, {{"listener", &O::listener}, {"file", &O::file}},
              &O::this_update);
}

// Adds a gauge with the limits `member` of what `label` names; those without a limit are left out.
template <typename Item>
void AddLimits(Families* out, const char* name, const char* help, const char* label,
               const std::map<std::string, Item>& items, uint64_t Item::* member) {
  MetricFamily& family = AddFamily(out, name, help, MetricType::Gauge);
  for (const auto& [key, item] : items) {
    if (item.*member != 0) AddSample(family, {{label, key}}, static_cast<double>(item.*member));
  }
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

double SecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

void MetricsCollector::CollectProcessWide(const Metrics::ProcessWide& now, Families* out) const {
  Labels build;
  for (const auto& [name, value] : metrics_.build_info_) build.push_back({name, value});
  AddSample(AddFamily(out, "mantlet_build_info",
                      "Versions of this binary and its libraries; always 1.", MetricType::Gauge),
            std::move(build), 1);
  AddExpiries(out, *now.expiries);
  CollectReloads(now, out);
  AddOne(out, "mantlet_ready", "1 while the process is ready, as /readyz reports.",
         MetricType::Gauge, state_.ready ? 1 : 0);
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
  CollectUpstreamStates(now, out);
  CollectLimits(now.limits, out);
  AddProcess(out);
}

void MetricsCollector::CollectReloads(const Metrics::ProcessWide& now, Families* out) const {
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
}

void MetricsCollector::CollectUpstreamStates(const Metrics::ProcessWide& now, Families* out) {
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

void MetricsCollector::CollectLimits(const Limits& limits, Families* out) const {
  AddByName(out, "mantlet_tls_handshakes_active", "TLS handshakes in progress.", MetricType::Gauge,
            "listener", state_.handshakes);
  using L = Limits::Listener;
  AddLimits(out, "mantlet_connections_limit", "limits.connections of the listener.", "listener",
            limits.listeners, &L::connections);
  AddLimits(out, "mantlet_tls_handshakes_limit", "limits.handshakes of the listener.", "listener",
            limits.listeners, &L::handshakes);
  AddLimits(out, "mantlet_tls_handshakes_per_second_limit",
            "limits.handshakes_per_second of the listener; absent if there is none.", "listener",
            limits.listeners, &L::handshakes_per_second);
  AddLimits(out, "mantlet_http2_streams_per_connection_limit",
            "limits.streams of the listener: the HTTP/2 streams of one connection.", "listener",
            limits.listeners, &L::streams);
  using U = Limits::Upstream;
  AddLimits(out, "mantlet_upstream_connections_limit",
            "pool.connections of the upstream, of all workers together.", "upstream",
            limits.upstreams, &U::connections);
  AddLimits(out, "mantlet_upstream_requests_waiting_limit",
            "pool.pending of the upstream, of all workers together.", "upstream", limits.upstreams,
            &U::pending);
  AddOne(out, "mantlet_client_fds_limit",
         "Open file descriptors from which on no client is accepted; the others are reserved.",
         MetricType::Gauge, static_cast<double>(limits.client_fds));
}

}  // namespace mantlet::observe
