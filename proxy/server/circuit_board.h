// CircuitBoard puts together what the workers report about the circuits of upstreams: it writes one
// log record when the first worker has opened the circuit of an address, and one when the last has
// closed it, and sets the metric. Main thread only.

#ifndef MANTLET_PROXY_SERVER_CIRCUIT_BOARD_H_
#define MANTLET_PROXY_SERVER_CIRCUIT_BOARD_H_

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "proxy/base/clock.h"
#include "proxy/base/log.h"
#include "proxy/observe/metrics.h"
#include "proxy/upstream/circuits.h"
#include "proxy/upstream/target.h"

namespace mantlet::server {

class CircuitBoard {
 public:
  // All arguments must outlive the board.
  CircuitBoard(const base::Clock& clock, base::Logger& logger, observe::Metrics& metrics)
      : clock_(clock), logger_(logger), metrics_(metrics) {}

  // Sets the upstreams in use. Reports about others are ignored.
  void Use(const std::vector<upstream::TargetPtr>& targets);
  // Sets the addresses of an upstream in use.
  void Update(const upstream::Target& target);
  // A circuit of `worker` has opened or closed.
  void OnChange(size_t worker, const std::string& upstream,
                const upstream::Circuits::Change& change);

 private:
  // By address, the workers whose circuit is open.
  using Addresses = std::map<std::string, std::set<size_t>>;

  void SetMetric(const std::string& upstream, const Addresses& addresses);

  const base::Clock& clock_;
  base::Logger& logger_;
  observe::Metrics& metrics_;
  std::map<std::string, Addresses> upstreams_;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_CIRCUIT_BOARD_H_
