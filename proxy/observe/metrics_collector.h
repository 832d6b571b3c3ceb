// Turns the cells of a Metrics into what prometheus-cpp serialises. The only
// place, with metrics.cc, that knows that library; names and help texts of all
// metrics are here. Made for one scrape; any thread.

#ifndef MANTLET_PROXY_OBSERVE_METRICS_COLLECTOR_H_
#define MANTLET_PROXY_OBSERVE_METRICS_COLLECTOR_H_

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "proxy/observe/metrics.h"

namespace mantlet::observe {

class MetricsCollector final : public prometheus::Collectable {
 public:
  explicit MetricsCollector(const Metrics& metrics) : metrics_(metrics) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  // The cells of all workers that have the same name.
  using Listeners = std::map<std::string, std::vector<const ListenerMetrics*>>;
  using Upstreams = std::map<std::string, std::vector<const UpstreamMetrics*>>;
  using Requests =
      std::map<std::pair<std::string, std::string>, std::vector<const RequestMetrics*>>;
  using Families = std::vector<prometheus::MetricFamily>;

  void CollectConnections(const Listeners& listeners, Families* out) const;
  void CollectHandshakes(const Listeners& listeners, Families* out) const;
  void CollectClientCertificates(const Listeners& listeners, Families* out) const;
  void CollectIdentity(const Listeners& listeners, Families* out) const;
  void CollectPolicy(const Listeners& listeners, Families* out) const;
  void CollectRequests(const Requests& requests, Families* out) const;
  void CollectUpstreams(const Upstreams& upstreams, Families* out) const;
  // These read what Metrics' lock guards; the caller holds it.
  void CollectBuildInfo(Families* out) const;
  void CollectExpiries(Families* out) const;
  void CollectLifeCycle(Families* out) const;
  void CollectResolving(Families* out) const;
  static void CollectProcess(Families* out);

  const Metrics& metrics_;
};

}  // namespace mantlet::observe

#endif  // MANTLET_PROXY_OBSERVE_METRICS_COLLECTOR_H_
