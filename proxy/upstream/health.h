// The health of one address, from the results of its checks. Pure; any thread.

#ifndef MANTLET_PROXY_UPSTREAM_HEALTH_H_
#define MANTLET_PROXY_UPSTREAM_HEALTH_H_

#include <string>

#include "config/config.h"
#include "proxy/upstream/single_request.h"

namespace mantlet::upstream {

// Returns the request of a check of this kind, which is not kTcp. `host` is for the Host field.
SingleRequest::Request HealthRequest(const config::Upstream& upstream, const std::string& host);
// Returns why the response shows that the application is not healthy; empty if it is.
std::string HealthFault(config::HealthType type, const SingleRequest::Response& response);

// HealthState is the health of one address. The first result decides at once. After that, one good
// result makes the address healthy, and kBadResults in a row make it unhealthy.
class HealthState {
 public:
  static constexpr int kBadResults = 2;

  enum class Health { kUnknown, kHealthy, kUnhealthy };
  Health health() const { return health_; }
  // A check has ended. Returns whether health() has changed.
  bool OnResult(bool good);

 private:
  Health health_ = Health::kUnknown;
  int bad_results_ = 0;  // in a row
};

}  // namespace mantlet::upstream

#endif  // MANTLET_PROXY_UPSTREAM_HEALTH_H_
