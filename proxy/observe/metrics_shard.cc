#include "proxy/observe/metrics_shard.h"

namespace mantlet::observe {
namespace {

// Finds or creates the value of `key`. The caller holds the map's lock.
template <typename Map, typename Key>
auto& FindOrMake(Map& map, const Key& key) {
  auto found = map.find(key);
  if (found == map.end()) {
    using Value = typename Map::mapped_type::element_type;
    found = map.emplace(typename Map::key_type(key), std::make_unique<Value>()).first;
  }
  return *found->second;
}

}  // namespace

Counter& ListenerMetrics::PolicyDenials(std::string_view rule) {
  const std::lock_guard lock(rules_mutex_);
  return FindOrMake(denials_, rule);
}

RequestMetrics::~RequestMetrics() {
  for (std::atomic<Codes*>& codes : by_method_) delete codes.load(std::memory_order_relaxed);
}

size_t RequestMetrics::MethodIndex(std::string_view method) {
  constexpr size_t kOther = kMethodLabels.size() - 1;
  for (size_t i = 0; i < kOther; ++i) {
    if (kMethodLabels[i] == method) return i;
  }
  return kOther;
}

size_t RequestMetrics::Record(std::string_view method, int code, int64_t duration_us,
                              uint64_t request_bytes, uint64_t response_bytes) {
  std::atomic<Codes*>& slot = by_method_[MethodIndex(method)];
  Codes* codes = slot.load(std::memory_order_relaxed);
  if (codes == nullptr) {
    codes = new Codes();
    slot.store(codes, std::memory_order_release);  // the scrape must see zeroed cells
  }
  (*codes)[CodeCell(code)].Add();
  request_bytes_.Add(request_bytes);
  response_bytes_.Add(response_bytes);
  return duration_.Observe(duration_us);
}

ListenerMetrics& MetricsShard::Listener(std::string_view name) {
  const std::lock_guard lock(mutex_);
  return FindOrMake(listeners_, name);
}

UpstreamMetrics& MetricsShard::Upstream(std::string_view name) {
  const std::lock_guard lock(mutex_);
  return FindOrMake(upstreams_, name);
}

RequestMetrics& MetricsShard::Requests(std::string_view listener, std::string_view upstream) {
  const std::lock_guard lock(mutex_);
  return FindOrMake(requests_, Pair(listener, upstream));
}

}  // namespace mantlet::observe
