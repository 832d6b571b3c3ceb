#include "proxy/server/circuit_board.h"

#include <algorithm>
#include <utility>

#include "proxy/base/text.h"

namespace mantlet::server {

void CircuitBoard::Use(const std::vector<upstream::TargetPtr>& targets) {
  std::map<std::string, Addresses> before = std::exchange(upstreams_, {});
  for (const upstream::TargetPtr& target : targets) {
    auto known = before.extract(target->config.name);
    upstreams_[target->config.name] = known ? std::move(known.mapped()) : Addresses();
    Update(*target);
  }
  for (const auto& [upstream, addresses] : before) {
    if (!upstreams_.contains(upstream)) metrics_.RemoveUpstreamCircuits(upstream);
  }
}

void CircuitBoard::Update(const upstream::Target& target) {
  auto it = upstreams_.find(target.config.name);
  if (it == upstreams_.end()) return;
  Addresses before = std::exchange(it->second, {});
  for (const io::SocketAddress& address : target.addresses) {
    const std::string text = address.ToString();
    it->second[text] = std::move(before[text]);
  }
  SetMetric(it->first, it->second);
}

void CircuitBoard::OnChange(size_t worker, const std::string& upstream,
                            const upstream::Circuits::Change& change) {
  auto found = upstreams_.find(upstream);
  if (found == upstreams_.end()) return;
  const std::string address = change.address.ToString();
  auto workers = found->second.find(address);
  if (workers == found->second.end()) return;
  const bool was_open = !workers->second.empty();
  if (change.open) {
    workers->second.insert(worker);
  } else {
    workers->second.erase(worker);
  }
  const bool open = !workers->second.empty();
  if (open == was_open) return;
  SetMetric(upstream, found->second);
  const double seconds = static_cast<double>(change.failing_ms) / 1000;
  if (open) {
    logger_.Warn("upstream_circuit_opened",
                 "The last connections to an address of an upstream failed. Until a trial "
                 "connection succeeds, no request is sent there; without another address, requests "
                 "get 503.",
                 {{"upstream", upstream},
                  {"upstream_address", address},
                  {"since", base::Rfc3339Seconds(clock_.WallSeconds() - change.failing_ms / 1000)},
                  {"error", change.error}});
  } else {
    logger_.Info("upstream_circuit_closed", "An address of an upstream accepts connections again.",
                 {{"upstream", upstream},
                  {"upstream_address", address},
                  {"failing_seconds", seconds},
                  {"error", change.error}});
  }
}

void CircuitBoard::SetMetric(const std::string& upstream, const Addresses& addresses) {
  metrics_.SetUpstreamCircuitsOpen(
      upstream,
      static_cast<size_t>(std::count_if(addresses.begin(), addresses.end(),
                                        [](const auto& entry) { return !entry.second.empty(); })));
}

}  // namespace mantlet::server
