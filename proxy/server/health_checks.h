// HealthChecks checks the applications that have `upstreams[].health`. Each address is checked once
// for the whole process; the workers are told which addresses fail. The metric, the log and /readyz
// follow the same results.
//
// A check may fail because this machine is busy; so a healthy address becomes unhealthy with its
// second failure in a row only. Main loop only.

#ifndef MANTLET_PROXY_SERVER_HEALTH_CHECKS_H_
#define MANTLET_PROXY_SERVER_HEALTH_CHECKS_H_

#include <functional>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "proxy/base/log.h"
#include "proxy/io/loop.h"
#include "proxy/io/socket_address.h"
#include "proxy/observe/metrics.h"
#include "proxy/upstream/connector.h"
#include "proxy/upstream/target.h"

namespace mantlet::server {

class HealthChecks {
 public:
  // Receives all addresses of an upstream that fail their checks.
  using Publish = std::function<void(const std::string& upstream,
                                     const std::vector<io::SocketAddress>& unhealthy)>;

  // All arguments must outlive the object.
  HealthChecks(io::Loop& loop, base::Logger& logger, observe::Metrics& metrics,
               upstream::Connector& connector, Publish publish);
  ~HealthChecks();
  HealthChecks(const HealthChecks&) = delete;
  HealthChecks& operator=(const HealthChecks&) = delete;

  // Sets the upstreams in use, and publishes what is known about them.
  void Use(const std::vector<upstream::TargetPtr>& targets);
  // Sets the addresses of an upstream in use.
  void Update(const upstream::TargetPtr& target);

  // Returns a sentence for each upstream with `readiness` that has no healthy address.
  std::vector<std::string> NotReady() const;
  // Returns a sentence for each other address that is unhealthy.
  std::vector<std::string> Notes() const;

 private:
  struct Check;
  struct Checked;

  void Begin(Check& check);
  void OnResult(Check& check, std::string fault);
  void Report(const Checked& checked);

  io::Loop& loop_;
  base::Logger& logger_;
  observe::Metrics& metrics_;
  upstream::Connector& connector_;
  const Publish publish_;
  std::map<std::string, Checked> upstreams_;  // those with checks, by name
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_HEALTH_CHECKS_H_
