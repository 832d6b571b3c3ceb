// A Metrics in which every metric has at least one sample.

#ifndef MANTLET_TEST_PROXY_OBSERVE_SAMPLE_METRICS_H_
#define MANTLET_TEST_PROXY_OBSERVE_SAMPLE_METRICS_H_

#include <memory>

#include "proxy/observe/metrics.h"

namespace mantlet::observe {

std::unique_ptr<Metrics> MakeSampleMetrics();

}  // namespace mantlet::observe

#endif  // MANTLET_TEST_PROXY_OBSERVE_SAMPLE_METRICS_H_
