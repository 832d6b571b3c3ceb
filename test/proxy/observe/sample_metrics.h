// A Metrics in which every metric has at least one sample.

#ifndef MANTLET_TEST_PROXY_OBSERVE_SAMPLE_METRICS_H_
#define MANTLET_TEST_PROXY_OBSERVE_SAMPLE_METRICS_H_

#include <cstdint>
#include <memory>
#include <string>

#include "proxy/observe/metrics.h"

namespace mantlet::observe {

// The time of the sample's scrape, in seconds since the epoch.
inline constexpr int64_t kSampleNow = 1'800'000'000;

std::unique_ptr<Metrics> MakeSampleMetrics();
// Returns the exposition of MakeSampleMetrics() at kSampleNow.
std::string RenderSample();

}  // namespace mantlet::observe

#endif  // MANTLET_TEST_PROXY_OBSERVE_SAMPLE_METRICS_H_
