// MetricsCollector converts the cells of a Metrics object to the families that prometheus-cpp
// serialises. It has the names and help texts of all metrics: process_collector.cc those of the
// process, metrics_collector.cc those that workers count. An object is created for one scrape, on
// any thread.

#ifndef MANTLET_PROXY_OBSERVE_METRICS_COLLECTOR_H_
#define MANTLET_PROXY_OBSERVE_METRICS_COLLECTOR_H_

#include <map>
#include <vector>

#include "proxy/observe/metric_families.h"
#include "proxy/observe/metrics.h"
#include "proxy/observe/open_metrics.h"

namespace mantlet::observe {

// The cells of all workers that have the same labels.
template <typename Cells>
using Sharded = std::map<Labels, std::vector<const Cells*>>;

class MetricsCollector {
 public:
  // Both must outlive the collector.
  MetricsCollector(const Metrics& metrics, const ScrapeState& state)
      : metrics_(metrics), state_(state) {}

  // If `exemplars` is not null, the examples of the histograms are added to it.
  Families Collect(Exemplars* exemplars) const;

 private:
  void CollectProcessWide(const Metrics::ProcessWide& now, Families* out) const;
  void CollectReloads(const Metrics::ProcessWide& now, Families* out) const;
  static void CollectUpstreamStates(const Metrics::ProcessWide& now, Families* out);
  void CollectLimits(const Limits& limits, Families* out) const;
  void CollectClientExpiries(const Sharded<ListenerMetrics>& all, Families* out) const;
  static void CollectListeners(const Sharded<ListenerMetrics>& all, Families* out);
  static void CollectDenials(const Sharded<ListenerMetrics>& all, Families* out);
  static void CollectRequests(const Sharded<RequestMetrics>& all, Families* out,
                              Exemplars* exemplars);
  static void CollectUpstreams(const Sharded<UpstreamMetrics>& all, Families* out,
                               Exemplars* exemplars);

  const Metrics& metrics_;
  const ScrapeState& state_;
};

}  // namespace mantlet::observe

#endif  // MANTLET_PROXY_OBSERVE_METRICS_COLLECTOR_H_
