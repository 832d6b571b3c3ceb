// Serialises metrics as OpenMetrics 1.0.0, with exemplars. Private to proxy/observe; pure.

#ifndef MANTLET_PROXY_OBSERVE_OPEN_METRICS_H_
#define MANTLET_PROXY_OBSERVE_OPEN_METRICS_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "proxy/observe/exemplar.h"
#include "proxy/observe/metric_families.h"

namespace mantlet::observe {

// The examples of the buckets of histograms, by family and labels; the last is that of +Inf.
using Exemplars = std::map<std::string, std::map<Labels, std::vector<std::optional<Exemplar>>>>;

// Counters in `families` have names that end in "_total".
std::string SerializeOpenMetrics(const Families& families, const Exemplars& exemplars);

}  // namespace mantlet::observe

#endif  // MANTLET_PROXY_OBSERVE_OPEN_METRICS_H_
