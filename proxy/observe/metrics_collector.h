// MetricsCollector converts the cells of a Metrics object to the families that prometheus-cpp
// serialises. It has the names and help texts of all metrics. Only this file and metrics.cc include
// that library. An object is created for one scrape, on any thread.

#ifndef MANTLET_PROXY_OBSERVE_METRICS_COLLECTOR_H_
#define MANTLET_PROXY_OBSERVE_METRICS_COLLECTOR_H_

#include <prometheus/client_metric.h>
#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <map>
#include <string>
#include <vector>

#include "proxy/observe/metrics.h"

namespace mantlet::observe {

// The cells of all workers that have the same labels.
template <typename Cells>
using Sharded = std::map<std::vector<prometheus::ClientMetric::Label>, std::vector<const Cells*>>;

class MetricsCollector final : public prometheus::Collectable {
 public:
  explicit MetricsCollector(const Metrics& metrics) : metrics_(metrics) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  using Families = std::vector<prometheus::MetricFamily>;

  void CollectProcessWide(const Metrics::ProcessWide& now, Families* out) const;
  static void CollectListeners(const Sharded<ListenerMetrics>& all, Families* out);
  static void CollectDenials(const Sharded<ListenerMetrics>& all, Families* out);
  static void CollectRequests(const Sharded<RequestMetrics>& all, Families* out);
  static void CollectUpstreams(const Sharded<UpstreamMetrics>& all, Families* out);

  const Metrics& metrics_;
};

}  // namespace mantlet::observe

#endif  // MANTLET_PROXY_OBSERVE_METRICS_COLLECTOR_H_
