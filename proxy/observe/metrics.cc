#include "proxy/observe/metrics.h"

#include <prometheus/text_serializer.h>

// tools/bootstrap adds this header, because those of the library contain no version.
#if __has_include(<prometheus/version.h>)
#include <prometheus/version.h>
#else
#define PROMETHEUS_CPP_VERSION "unknown"
#endif

#include "proxy/observe/metrics_collector.h"

namespace mantlet::observe {

std::string PrometheusCppVersion() { return PROMETHEUS_CPP_VERSION; }

Metrics::Metrics(BuildInfo build_info) : build_info_(std::move(build_info)) {}
Metrics::~Metrics() = default;

MetricsShard& Metrics::AddShard() {
  const std::lock_guard lock(mutex_);
  return *shards_.emplace_back(std::make_unique<MetricsShard>());
}

void Metrics::SetExpiries(std::shared_ptr<const Expiries> expiries) {
  const std::lock_guard lock(mutex_);
  process_wide_.expiries.swap(expiries);
}

void Metrics::SetLimits(Limits limits) {
  const std::lock_guard lock(mutex_);
  process_wide_.limits = std::move(limits);
}

void Metrics::ReloadSucceeded(int64_t wall_seconds) {
  const std::lock_guard lock(mutex_);
  ++process_wide_.reloads_succeeded;
  process_wide_.last_success = wall_seconds;
}

void Metrics::ReloadPartial() {
  const std::lock_guard lock(mutex_);
  ++process_wide_.reloads_partial;
}

void Metrics::SetListenersPending(std::map<std::string, bool> listeners) {
  const std::lock_guard lock(mutex_);
  process_wide_.listeners_pending = std::move(listeners);
}

void Metrics::ReloadFailed() {
  const std::lock_guard lock(mutex_);
  ++process_wide_.reloads_failed;
}

void Metrics::SetReloadPending(bool pending) {
  const std::lock_guard lock(mutex_);
  process_wide_.pending = pending;
}

bool Metrics::reload_pending() const {
  const std::lock_guard lock(mutex_);
  return process_wide_.pending;
}

void Metrics::SetReloadInProgress(bool in_progress) {
  const std::lock_guard lock(mutex_);
  process_wide_.reading_since.reset();
  if (in_progress) process_wide_.reading_since = std::chrono::steady_clock::now();
}

void Metrics::SetDraining(bool draining) {
  const std::lock_guard lock(mutex_);
  process_wide_.draining = draining;
}

void Metrics::UpgradeEnded(Upgrade result) {
  const std::lock_guard lock(mutex_);
  ++process_wide_.upgrades[static_cast<size_t>(result)];
}

void Metrics::SetSandbox(std::map<std::string, bool> mechanisms) {
  const std::lock_guard lock(mutex_);
  process_wide_.sandbox = std::move(mechanisms);
}

void Metrics::SetUpstreamAddresses(const std::string& upstream, size_t count) {
  const std::lock_guard lock(mutex_);
  process_wide_.upstream_addresses[upstream] = count;
  process_wide_.upstream_resolve_failures.try_emplace(upstream, 0);
}

void Metrics::RemoveUpstreamAddresses(const std::string& upstream) {
  const std::lock_guard lock(mutex_);
  process_wide_.upstream_addresses.erase(upstream);
}

void Metrics::SetUpstreamCircuitsOpen(const std::string& upstream, size_t count) {
  const std::lock_guard lock(mutex_);
  process_wide_.upstream_circuits_open[upstream] = count;
}

void Metrics::RemoveUpstreamCircuits(const std::string& upstream) {
  const std::lock_guard lock(mutex_);
  process_wide_.upstream_circuits_open.erase(upstream);
}

void Metrics::SetUpstreamHealthy(const std::string& upstream, size_t count) {
  const std::lock_guard lock(mutex_);
  process_wide_.upstream_healthy[upstream] = count;
}

void Metrics::RemoveUpstreamHealthy(const std::string& upstream) {
  const std::lock_guard lock(mutex_);
  process_wide_.upstream_healthy.erase(upstream);
}

void Metrics::UpstreamResolveFailed(const std::string& upstream) {
  const std::lock_guard lock(mutex_);
  ++process_wide_.upstream_resolve_failures[upstream];
}

void Metrics::SetMemoryBudget(const base::MemoryBudget* memory) {
  const std::lock_guard lock(mutex_);
  process_wide_.memory = memory;
}

void Metrics::SetAccessLogDropped(std::function<uint64_t()> count) {
  const std::lock_guard lock(mutex_);
  process_wide_.access_log_dropped = std::move(count);
}

std::string Metrics::Render(const ScrapeState& state, const Exposition& form) const {
  const MetricsCollector collector(*this, state);
  if (!form.open_metrics) return prometheus::TextSerializer().Serialize(collector.Collect(nullptr));
  Exemplars exemplars;
  const Families families = collector.Collect(&exemplars);
  return SerializeOpenMetrics(families, exemplars);
}

}  // namespace mantlet::observe
