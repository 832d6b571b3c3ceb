// ProbeForwarding forwards probes of the application (`metrics.forward`) from the metrics endpoint
// to an upstream: GET and HEAD of exactly the configured paths, without a query, content or any
// field of the client. The kubelet can so probe an application that listens on loopback only.
//
// The number of probes in flight, their time and the size of the response are bounded. Main loop
// only.

#ifndef MANTLET_PROXY_SERVER_PROBE_FORWARDING_H_
#define MANTLET_PROXY_SERVER_PROBE_FORWARDING_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "proxy/io/loop.h"
#include "proxy/observe/endpoint.h"
#include "proxy/upstream/connector.h"
#include "proxy/upstream/single_request.h"
#include "proxy/upstream/target.h"

namespace mantlet::server {

class ProbeForwarding {
 public:
  static constexpr size_t kMostInFlight = 16;
  static constexpr size_t kMostContent = size_t{64} * 1024;
  static constexpr int64_t kTimeoutMs = 10'000;

  using Done = std::function<void(const observe::EndpointResponse& response)>;
  // Returns the target of an upstream in use, or null.
  using Targets = std::function<upstream::TargetPtr(const std::string& upstream)>;

  // `loop` and `connector` must outlive it.
  ProbeForwarding(io::Loop& loop, upstream::Connector& connector, Targets targets)
      : loop_(loop), connector_(connector), targets_(std::move(targets)) {}

  // Returns false if `rules` do not forward the request. Otherwise `done` is called once, maybe
  // before the return.
  bool Forward(const std::vector<config::ProbeForward>& rules,
               const observe::EndpointRequest& request, Done done);

 private:
  using InFlight = std::list<std::unique_ptr<upstream::SingleRequest>>;

  io::Loop& loop_;
  upstream::Connector& connector_;
  const Targets targets_;
  InFlight in_flight_;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_PROBE_FORWARDING_H_
