// Functions that build the families which prometheus-cpp serialises. Private to proxy/observe;
// pure.

#ifndef MANTLET_PROXY_OBSERVE_METRIC_FAMILIES_H_
#define MANTLET_PROXY_OBSERVE_METRIC_FAMILIES_H_

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mantlet::observe {

using Families = std::vector<prometheus::MetricFamily>;
using Labels = std::vector<prometheus::ClientMetric::Label>;

// Adds an empty family. The reference is valid until the next family is added.
inline prometheus::MetricFamily& AddFamily(Families* out, const char* name, const char* help,
                                           prometheus::MetricType type) {
  prometheus::MetricFamily& family = out->emplace_back();
  family.name = name;
  family.help = help;
  family.type = type;
  return family;
}

// Adds one sample to a counter's or gauge's family.
inline void AddSample(prometheus::MetricFamily& family, Labels labels, double value) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  const bool counts = family.type == prometheus::MetricType::Counter;
  (counts ? metric.counter.value : metric.gauge.value) = value;
  family.metric.push_back(std::move(metric));
}

// Adds a family with one sample that has no labels.
inline void AddOne(Families* out, const char* name, const char* help, prometheus::MetricType type,
                   double value) {
  AddSample(AddFamily(out, name, help, type), {}, value);
}

// Adds a family with one sample for each key, which is the value of `label`.
template <typename Value>
void AddByName(Families* out, const char* name, const char* help, prometheus::MetricType type,
               const char* label, const std::map<std::string, Value>& values) {
  prometheus::MetricFamily& family = AddFamily(out, name, help, type);
  for (const auto& [key, value] : values) {
    AddSample(family, {{label, key}}, static_cast<double>(value));
  }
}

}  // namespace mantlet::observe

#endif  // MANTLET_PROXY_OBSERVE_METRIC_FAMILIES_H_
